import { gitRemote } from './git-remote.ts';
import type { Kind } from './kinds.ts';
import * as kinds from './kinds.ts';

export type Section = 'common' | 'git' | 'gate' | 'admin';

/** One setting: everything that parsing, errors, `--help` and the reference tables need to know. */
export interface Setting<T, Default extends string | undefined = string | undefined> {
  readonly kind: Kind<T>;
  readonly section: Section;
  /** As the user would write it; undefined = no value. */
  readonly default: Default;
  /** The default in words, where the text alone does not tell. */
  readonly defaultNote?: string;
  readonly meaning: string;
  /** Never shown, in no error either. */
  readonly secret: boolean;
  /** A URL that may carry credentials: shown when it was understood, never when it was not. */
  readonly url: boolean;
}

interface Text<Default extends string | undefined> {
  readonly meaning: string;
  readonly default?: Default;
  readonly defaultNote?: string;
  readonly secret?: boolean;
  readonly url?: boolean;
}

function inSection(section: Section) {
  return <T, const Default extends string | undefined = undefined>(
    kind: Kind<T>,
    { meaning, secret = false, url = false, ...rest }: Text<Default>,
  ): Setting<T, Default> => ({
    kind,
    section,
    meaning,
    secret,
    url,
    ...rest,
    default: rest.default as Default,
  });
}

const common = inSection('common');
const git = inSection('git');
const gate = inSection('gate');
const admin = inSection('admin');

/** Every setting that this version has. `gitRepo` is `WHERRY_GIT_REPO` and `--git-repo`. */
export const schema = {
  source: common(kinds.oneOf('git'), {
    defaultNote: 'required',
    meaning: 'where the configuration comes from: `git`',
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
  include: common(kinds.globs, {
    defaultNote: 'all',
    meaning: 'globs on the path in the source; only these files',
  }),
  exclude: common(kinds.globs, {
    defaultNote: 'none',
    meaning: 'globs on the path in the source; not these files',
  }),
  publish: common(kinds.oneOf('symlink'), {
    default: 'symlink',
    meaning: 'how the set appears in the target: `symlink`, as the kubelet does for ConfigMap volumes',
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

  gitRepo: git(gitRemote, {
    url: true,
    defaultNote: 'required',
    meaning: '`https://`, `http://`, `ssh://`, `user@host:path`, `file://`, or a path',
  }),
  gitRef: git(kinds.text, {
    default: 'HEAD',
    meaning: 'branch, tag (annotated too), `refs/…` or commit; a commit needs no polling',
  }),
  gitPath: git(kinds.text, {
    default: '.',
    meaning: 'the directory (or file) of the repository that becomes the set',
  }),
  gitDepth: git(kinds.integer(0), {
    default: '1',
    meaning: 'commits of history to fetch; `0` = whole history',
  }),
  gitSubmodules: git(kinds.oneOf('off', 'shallow', 'recursive'), {
    default: 'off',
    meaning: "`off`, `shallow` (the repository's own submodules), `recursive` (theirs too)",
  }),
  gitLfs: git(kinds.oneOf('false'), {
    default: 'false',
    meaning: 'only `false` in this version; an LFS pointer in the set is a warning that names it',
  }),
  gitUsername: git(kinds.text, { meaning: 'HTTP(S) user name; inside the URL it is accepted too' }),
  gitPassword: git(kinds.text, {
    secret: true,
    meaning: 'HTTP(S) password or access token; inside the URL it is accepted too and never printed',
  }),
  gitToken: git(kinds.text, { secret: true, meaning: 'sent as a bearer token' }),
  gitSshKey: git(kinds.privateKey, { secret: true, meaning: 'private key (use `_FILE`)' }),
  gitSshKnownHosts: git(kinds.text, {
    meaning: 'text of a known_hosts file; required for SSH unless the check is set otherwise',
  }),
  gitSshHostKeyCheck: git(kinds.oneOf('strict', 'accept-new', 'off'), {
    default: 'strict',
    meaning: '`strict`, `accept-new`, `off` (warns)',
  }),
  gitCa: git(kinds.certificate, { meaning: 'PEM certificates of a private CA (use `_FILE`)' }),
  gitClientCert: git(kinds.certificate, { meaning: 'PEM certificate for mutual TLS (use `_FILE`)' }),
  gitClientKey: git(kinds.privateKey, { secret: true, meaning: 'its PEM private key (use `_FILE`)' }),
  gitCookies: git(kinds.text, { secret: true, meaning: 'an HTTP cookie jar (use `_FILE`)' }),

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

  adminAddress: admin(kinds.listenAddress, {
    default: ':9717',
    meaning: '`host:port`, `:port`, or `off`; a port that is taken is a warning, never an exit',
  }),
  adminToken: admin(kinds.token, {
    secret: true,
    meaning: 'bearer token for `POST`; without it `POST` is refused',
  }),
} as const;

export type SettingKey = keyof typeof schema;
type ValueOf<S> =
  S extends Setting<infer T, infer Default> ? (Default extends string ? T : T | undefined) : never;
/** The parsed settings. Durations are milliseconds, sizes bytes, shares fractions. */
export type Settings = { readonly [K in SettingKey]: ValueOf<(typeof schema)[K]> };

/** `gitSshKey` → `WHERRY_GIT_SSH_KEY`. */
export function variableName(key: string): string {
  return `WHERRY_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `WHERRY_GIT_SSH_KEY` → `--git-ssh-key`. */
export function flagName(variable: string): string {
  return `--${variable.slice('WHERRY_'.length).toLowerCase().replaceAll('_', '-')}`;
}

/**
 * Names that the contract with users reserves and that this version does not have. Setting one is an error that says
 * so: nothing that a user asks for is silently ignored.
 */
export const unavailable: readonly string[] = [
  ['LAYERS', 'DRIFT', 'ADOPT', 'LINK_NAME', 'DIR_PATH', 'GIT_VERIFY', 'GIT_ALLOWED_SIGNERS', 'GIT_GPG_KEYS'],
  [
    'GIT_GITHUB_APP_ID',
    'GIT_GITHUB_APP_INSTALLATION_ID',
    'GIT_GITHUB_APP_PRIVATE_KEY',
    'GIT_GITHUB_APP_API_URL',
  ],
  ['S3_OBJECT', 'S3_ARCHIVE', 'S3_POINTER', 'S3_PREFIX', 'S3_MARKER', 'S3_SETTLE', 'S3_BUCKET', 'S3_AS_OF'],
  ['S3_ENDPOINT', 'S3_REGION', 'S3_PATH_STYLE', 'S3_CREDENTIALS', 'S3_BAD_KEYS', 'S3_CONCURRENCY', 'S3_CA'],
  [
    'S3_REQUESTER_PAYS',
    'S3_SSE_C_KEY',
    'VALIDATE',
    'VALIDATE_SCHEMA',
    'VALIDATE_EXEC',
    'RELOAD_PRESET',
    'ACK',
  ],
  ['RELOAD_EXEC', 'RELOAD_WHEN', 'DEBOUNCE', 'DEBOUNCE_MAX', 'VERIFY_URL', 'VERIFY_EXPECT', 'VERIFY_TIMEOUT'],
  ['BAKE_TIME', 'WEBHOOK_SECRET', 'SQS_QUEUE_URL', 'NATS_URL', 'NATS_SUBJECT', 'ROLLOUT_WINDOW'],
]
  .flat()
  .map((name) => `WHERRY_${name}`);
