import { presetNames } from '../../presets/names.ts';
import { callBody, expectation, routes, schemaRules } from '../gate-kinds.ts';
import * as kinds from '../kinds.ts';
import { inSection } from '../setting.ts';

const gate = inSection('gate');

export const gateSettings = {
  validate: gate(kinds.oneOf('syntax'), {
    meaning:
      '`syntax`: every `.json`, `.yaml`, `.yml`, `.toml` must parse; the error names file, line and column',
  }),
  validateSchema: gate(schemaRules, {
    meaning: 'list of `glob=path/to/schema.json` (inside the set, or absolute): JSON Schema',
  }),
  validateExec: gate(kinds.text, {
    meaning:
      'a command run on the staged set, `{staged}` and `WHERRY_STAGED` naming its directory; non-zero refuses the set',
  }),
  validateTimeout: gate(kinds.timeout, {
    default: '30s',
    meaning: 'one run of `WHERRY_VALIDATE_EXEC`; one that takes longer is tried again',
  }),
  reloadUrl: gate(kinds.reloadUrls, {
    url: true,
    meaning:
      'one or more; called in order after the set is published. With the preset `haproxy` the address of its master CLI: `unix:///path` or `tcp://host:port`',
  }),
  reloadMethod: gate(kinds.oneOf('POST', 'PUT', 'GET', 'PATCH', 'DELETE', 'HEAD'), {
    default: 'POST',
    meaning: 'HTTP method of the call',
  }),
  reloadBody: gate(callBody, {
    meaning: 'body of the call; `@path/of/file` sends that file of the published set',
  }),
  reloadHeaders: gate(kinds.headers, {
    secret: true,
    meaning: 'headers of the call, one a line, `Name: value`',
  }),
  reloadUsername: gate(kinds.text, { meaning: 'basic authentication of the call' }),
  reloadPassword: gate(kinds.text, { secret: true, meaning: 'its password' }),
  reloadCa: gate(kinds.certificate, {
    meaning: 'PEM certificates of a private CA for the call (use `_FILE`)',
  }),
  reloadExpect: gate(kinds.statuses, {
    default: '2xx',
    meaning: 'statuses that mean accepted, e.g. `200,202`',
  }),
  reloadTimeout: gate(kinds.timeout, {
    default: '30s',
    meaning: 'one call, one run of a command, one wait for an acknowledgement or for new workers',
  }),
  reloadPreset: gate(kinds.oneOf(...presetNames), {
    meaning: `${presetNames.map((name) => `\`${name}\``).join(', ')}: everything that differs for that application, each overridable`,
  }),
  sentinel: gate(kinds.insidePath, {
    meaning:
      'a file touched after each publish, relative to the target: replaced by rename, mode 0644, content one line of JSON `{"revision","sequence","publishedAt","previous"}`',
  }),
  ack: gate(kinds.acknowledgementPath, {
    meaning:
      'a file, absolute or relative to the target, in which the application writes the sequence that it has loaded: acknowledgement without HTTP',
  }),
  reloadSignal: gate(kinds.signalName, { meaning: 'e.g. `SIGHUP`, in the shared PID namespace' }),
  reloadProcess: gate(kinds.text, {
    meaning: 'name or executable path of the process; of several, the oldest whose parent is another program',
  }),
  reloadExec: gate(kinds.text, {
    meaning:
      'a command; `WHERRY_REVISION`, `WHERRY_PREVIOUS_REVISION`, `WHERRY_TARGET`, `WHERRY_CHANGED_FILES` (a file listing them) in its environment',
  }),
  reloadWhen: gate(routes, {
    meaning:
      'list of `glob=url`, `=signal`, `=exec`, `=sentinel` (a URL by its number: `url2`): only the targets whose paths changed are called',
  }),
  reloadOnStart: gate(kinds.oneOf('changed', 'always', 'never'), {
    default: 'changed',
    meaning:
      '`changed`: only if what is published differs from what the target last acknowledged; `always`; `never`',
  }),
  debounce: gate(kinds.duration, {
    default: '0',
    meaning: 'quiet time after a change before it is published',
  }),
  debounceMax: gate(kinds.duration, {
    defaultNote: '4 × `WHERRY_DEBOUNCE`',
    meaning: 'a change that never gets quiet is published after this time',
  }),
  verifyUrl: gate(kinds.httpUrl, {
    url: true,
    meaning:
      'asked after the signal until it answers as expected; a set for which it does not is rolled back',
  }),
  verifyExpect: gate(expectation, {
    default: '2xx',
    meaning: 'statuses, `json:/pointer=value`, or `json:/pointer changes`',
  }),
  verifyTimeout: gate(kinds.timeout, { default: '30s', meaning: 'for the first answer that is as expected' }),
  bakeTime: gate(kinds.duration, {
    default: '0',
    meaning: 'how long the verify URL must stay good before the set counts as good',
  }),
  rollback: gate(kinds.boolean, {
    default: 'true',
    meaning:
      'a set whose reload is rejected, or that fails to verify, is replaced by the last good one, which is signalled',
  }),
} as const;
