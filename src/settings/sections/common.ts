import { globs } from '../globs.ts';
import * as kinds from '../kinds.ts';
import { linkName } from '../link-name.ts';
import { inSection } from '../setting.ts';

const common = inSection('common');

export const commonSettings = {
  source: common(kinds.oneOf('git', 's3', 'dir'), {
    defaultNote: 'required (or `WHERRY_LAYERS`)',
    meaning: 'where the configuration comes from: `git`, `s3` or `dir`',
  }),
  target: common(kinds.text, {
    default: '/config',
    meaning: 'the directory to keep; the root of a mounted volume, or a directory in it',
  }),
  mode: common(kinds.oneOf('sidecar', 'init'), {
    default: 'sidecar',
    meaning: '`sidecar`, or `init`: one sync without a reload signal, then exit',
  }),
  pollInterval: common(kinds.duration, {
    default: '30s',
    meaning: 'time between two looks at the source; `0` = only when triggered',
  }),
  pollJitter: common(kinds.fraction, {
    default: '0.1',
    meaning: 'each wait is spread by ± this share, so that a fleet does not poll in step',
  }),
  syncTimeout: common(kinds.timeout, {
    default: '2m',
    meaning: 'one attempt; past it everything of the attempt is stopped, child processes included',
  }),
  initTimeout: common(kinds.timeout, { default: '5m', meaning: '`init`: retries with backoff until then' }),
  onInitFailure: common(kinds.oneOf('fail', 'use-last-good'), {
    default: 'fail',
    meaning: '`fail`, or `use-last-good`: exit 0 if the target already holds a published set',
  }),
  maxFailures: common(kinds.integer(0), {
    default: '0',
    meaning:
      'sidecar: exit after so many failed syncs in a row; `0` = never, keep the last good set and go on',
  }),
  include: common(globs, {
    defaultNote: 'all',
    meaning: 'globs on the path in the source; only these files',
  }),
  exclude: common(globs, {
    defaultNote: 'none',
    meaning: 'globs on the path in the source; not these files, nor what is below these directories',
  }),
  publish: common(kinds.oneOf('symlink', 'rename', 'link'), {
    default: 'symlink',
    meaning:
      'how the set appears in the target: `symlink`, as the kubelet does for ConfigMap volumes; `rename`, plain files, each replaced in place; `link`, one link to the whole set, as git-sync does',
  }),
  adopt: common(kinds.boolean, {
    default: 'false',
    meaning:
      'with `WHERRY_PUBLISH=rename`: files and links that Wherry did not write and that hold a name of the set are replaced; otherwise such a set is refused',
  }),
  linkName: common(linkName, {
    default: 'current',
    meaning: 'with `WHERRY_PUBLISH=link`: the name of the link in the target',
  }),
  fileMode: common(kinds.mode, {
    default: '0644',
    meaning: 'permissions of files; executable bits of the source are kept on top',
  }),
  dirMode: common(kinds.mode, { default: '0755', meaning: 'permissions of directories' }),
  symlinks: common(kinds.oneOf('internal', 'skip', 'refuse'), {
    default: 'internal',
    meaning:
      'symbolic links in the source: `internal` keeps those that stay inside the set and refuses the set otherwise; `skip`; `refuse`',
  }),
  retain: common(kinds.duration, {
    default: '1m',
    meaning: 'how long a replaced generation stays readable for a reader that is still inside it',
  }),
  maxFiles: common(kinds.integer(1), {
    default: '50000',
    meaning: 'a set with more files is refused, whole',
  }),
  maxBytes: common(kinds.size, { default: '1GiB', meaning: 'a larger set is refused, whole' }),
  maxDelete: common(kinds.share, {
    default: '100%',
    meaning: 'a set that drops more than this share of the published files is refused',
  }),
  require: common(kinds.list, { defaultNote: 'none', meaning: 'files that must be in the set' }),
  allowEmpty: common(kinds.boolean, { default: 'false', meaning: 'an empty set is refused otherwise' }),
  fsync: common(kinds.boolean, { default: 'true', meaning: '`false` for memory-backed volumes' }),
  lock: common(kinds.oneOf('wait', 'exit', 'off'), {
    default: 'wait',
    meaning:
      'when another Wherry holds the target: `wait` until it ends, or `exit` with 7; `off`: nobody asks, and two undo each other’s work',
  }),
  drift: common(kinds.oneOf('repair', 'ignore'), {
    default: 'repair',
    meaning:
      '`repair`: a published file that something else changed or removed is put back, and told like a change; `ignore`',
  }),
  stateDir: common(kinds.text, {
    defaultNote: '`<target>/..wherry`',
    meaning: 'private, 0700; survives a restart of the container',
  }),
  logLevel: common(kinds.oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'), {
    default: 'info',
    meaning: '`trace`, `debug`, `info`, `warn`, `error` or `silent`',
  }),
  logFormat: common(kinds.oneOf('json', 'pretty'), {
    defaultNote: '`json` (`pretty` on a terminal)',
    meaning: '`json` or `pretty`, on standard error',
  }),
} as const;
