import * as kinds from '../kinds.ts';
import { inSection } from '../setting.ts';

const gate = inSection('gate');

export const gateSettings = {
  reloadUrl: gate(kinds.httpUrls, {
    url: true,
    meaning: 'one or more; called in order after the set is published',
  }),
  reloadMethod: gate(kinds.oneOf('POST', 'PUT', 'GET', 'PATCH', 'DELETE', 'HEAD'), {
    default: 'POST',
    meaning: 'HTTP method of the call',
  }),
  reloadBody: gate(kinds.text, { meaning: 'body of the call' }),
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
  reloadTimeout: gate(kinds.timeout, { default: '30s', meaning: 'one call' }),
  sentinel: gate(kinds.insidePath, {
    meaning:
      'a file touched after each publish, relative to the target: replaced by rename, mode 0644, content one line of JSON `{"revision","sequence","publishedAt","previous"}`',
  }),
  reloadSignal: gate(kinds.signalName, { meaning: 'e.g. `SIGHUP`, in the shared PID namespace' }),
  reloadProcess: gate(kinds.text, {
    meaning: 'name or executable path of the process; of several, the oldest whose parent is another program',
  }),
  reloadOnStart: gate(kinds.oneOf('changed', 'always', 'never'), {
    default: 'changed',
    meaning:
      '`changed`: only if what is published differs from what the target last acknowledged; `always`; `never`',
  }),
  rollback: gate(kinds.boolean, {
    default: 'true',
    meaning: 'a set whose reload is rejected is replaced by the last good one, which is signalled',
  }),
} as const;
