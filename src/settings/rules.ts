import { isAbsolute, relative, resolve } from 'node:path';
import type { GitRemote } from './git-remote.ts';
import { type SettingKey, type Settings, variableName } from './schema.ts';

/**
 * What one value cannot tell: settings that need, exclude or have no effect without each other. `partial` says that
 * some value did not parse, so that a missing one is not reported twice.
 */
export function rules(settings: Settings, given: ReadonlySet<string>, partial: boolean): readonly string[] {
  return [
    ...required(settings, partial),
    ...(settings.gitRepo === undefined ? [] : remoteRules(settings, settings.gitRepo, given)),
    ...refRules(settings),
    ...pathRules(settings),
    ...modeRules(settings),
    ...(settings.adminAddress === 'off' ? idle(['adminToken'], given, 'WHERRY_ADMIN_ADDRESS') : []),
    ...reloadRules(settings, given),
  ];
}

function required(settings: Settings, partial: boolean): readonly string[] {
  if (partial) return [];
  if (settings.source === undefined) return ['WHERRY_SOURCE: required; set it to git'];
  return settings.gitRepo === undefined
    ? ['WHERRY_GIT_REPO: required with WHERRY_SOURCE=git; set it to the address of the repository']
    : [];
}

function remoteRules(settings: Settings, remote: GitRemote, given: ReadonlySet<string>): readonly string[] {
  const onlyHttp: readonly SettingKey[] = [
    'gitUsername',
    'gitPassword',
    'gitToken',
    'gitCa',
    'gitClientCert',
    'gitClientKey',
    'gitCookies',
  ];
  const onlySsh: readonly SettingKey[] = ['gitSshKey', 'gitSshKnownHosts', 'gitSshHostKeyCheck'];
  return [
    ...(remote.transport === 'http'
      ? credentialRules(settings, remote, given)
      : idle(onlyHttp, given, 'an http(s) repository')),
    ...(remote.transport === 'ssh' ? sshRules(settings) : idle(onlySsh, given, 'an SSH repository')),
  ];
}

function credentialRules(
  settings: Settings,
  remote: GitRemote & { transport: 'http' },
  given: ReadonlySet<string>,
): readonly string[] {
  const { gitUsername, gitPassword, gitToken, gitClientCert, gitClientKey } = settings;
  const problems: string[] = [];
  if (gitPassword !== undefined && remote.password !== undefined) {
    problems.push('WHERRY_GIT_PASSWORD: WHERRY_GIT_REPO holds a password too; keep one of the two');
  }
  if (gitUsername !== undefined && remote.username !== undefined) {
    problems.push('WHERRY_GIT_USERNAME: WHERRY_GIT_REPO holds a user name too; keep one of the two');
  }
  if (gitUsername !== undefined && gitPassword === undefined && remote.password === undefined) {
    problems.push(
      'WHERRY_GIT_USERNAME: set without a password; set WHERRY_GIT_PASSWORD or WHERRY_GIT_PASSWORD_FILE',
    );
  }
  if (
    gitToken !== undefined &&
    (gitPassword ?? gitUsername ?? remote.username ?? remote.password) !== undefined
  ) {
    problems.push('WHERRY_GIT_TOKEN: a user name or password is set too; keep the token or those');
  }
  if (!remote.url.startsWith('https:')) {
    problems.push(...idle(['gitCa', 'gitClientCert', 'gitClientKey'], given, 'an https:// repository'));
  }
  if ((gitClientCert === undefined) !== (gitClientKey === undefined)) {
    problems.push(
      'WHERRY_GIT_CLIENT_CERT, WHERRY_GIT_CLIENT_KEY: only one of the two is set; mutual TLS needs both',
    );
  }
  return problems;
}

function sshRules({ gitSshKnownHosts, gitSshHostKeyCheck }: Settings): readonly string[] {
  if (gitSshHostKeyCheck !== 'strict' || gitSshKnownHosts !== undefined) return [];
  return [
    'WHERRY_GIT_SSH_KNOWN_HOSTS: required for SSH; set WHERRY_GIT_SSH_KNOWN_HOSTS_FILE, or WHERRY_GIT_SSH_HOST_KEY_CHECK to accept-new',
  ];
}

function refRules({ gitRef }: Settings): readonly string[] {
  // Control characters and what `git check-ref-format` refuses.
  const bad = /^-|^\/|\/$|\.\.|\/\/|@\{|\.lock$|[\s~^:?*[\\\u007f]/.test(gitRef ?? '') || gitRef === '@';
  return bad ? [`WHERRY_GIT_REF: "${gitRef}" is not a branch, tag, refs/… or commit`] : [];
}

function pathRules({ gitPath, target, stateDir, require }: Settings): readonly string[] {
  const problems: string[] = [];
  const outside = (path: string) => isAbsolute(path) || path.split('/').includes('..');
  if (gitPath !== undefined && outside(gitPath)) {
    problems.push(
      `WHERRY_GIT_PATH: "${gitPath}" is not a path inside the repository; write it without a leading / and ..`,
    );
  }
  if (target === '/') problems.push('WHERRY_TARGET: "/" cannot be kept; name a directory of its own');
  if (stateDir !== undefined) problems.push(...stateDirRules(resolve(stateDir), resolve(target)));
  for (const path of (require ?? []).filter(outside)) {
    problems.push(
      `WHERRY_REQUIRE: "${path}" is not a path inside the set; write it without a leading / and ..`,
    );
  }
  return problems;
}

/** Inside the target it must have a name that no set can have, and that Wherry does not use for something else. */
function stateDirRules(stateDir: string, target: string): readonly string[] {
  const [first = ''] = relative(target, stateDir).split('/');
  const isInside = first !== '..' || stateDir === target;
  const isFree = first.startsWith('..') && !/^\.\.(data|data_tmp|\d.*)$/.test(first);
  if (!isInside || isFree) return [];
  return [
    `WHERRY_STATE_DIR: "${stateDir}" lies where published files go; name a directory outside the target, or leave it out`,
  ];
}

/** Wherry itself must be able to write into its directories and read its files. */
function modeRules({ fileMode, dirMode }: Settings): readonly string[] {
  const shown = (mode: number) => `"0${mode.toString(8).padStart(3, '0')}"`;
  const problems: string[] = [];
  if (fileMode !== undefined && (fileMode & 0o400) === 0) {
    problems.push(`WHERRY_FILE_MODE: ${shown(fileMode)} takes the owner's right to read; use 0400 or more`);
  }
  if (dirMode !== undefined && (dirMode & 0o700) !== 0o700) {
    problems.push(`WHERRY_DIR_MODE: ${shown(dirMode)} takes the owner's right to write; use 0700 or more`);
  }
  return problems;
}

function reloadRules(settings: Settings, given: ReadonlySet<string>): readonly string[] {
  const { reloadSignal, reloadProcess } = settings;
  const problems: string[] = [];
  if (!given.has('reloadUrl')) problems.push(...idle(ofUrl, given, 'WHERRY_RELOAD_URL'));
  else if (settings.reloadUrl !== undefined) problems.push(...callRules(settings, settings.reloadUrl, given));
  if (reloadSignal !== undefined && reloadProcess === undefined) {
    problems.push('WHERRY_RELOAD_SIGNAL: set without WHERRY_RELOAD_PROCESS; name the process that gets it');
  }
  if (reloadProcess !== undefined && reloadSignal === undefined) {
    problems.push('WHERRY_RELOAD_PROCESS: set without WHERRY_RELOAD_SIGNAL; name the signal, e.g. SIGHUP');
  }
  const isTold = ['reloadUrl', 'reloadSignal', 'sentinel'].some((key) => given.has(key));
  if (!isTold) {
    const needs = 'WHERRY_RELOAD_URL, WHERRY_RELOAD_SIGNAL or WHERRY_SENTINEL';
    problems.push(...idle(['reloadOnStart', 'rollback'], given, needs));
  }
  return problems;
}

const ofUrl: readonly SettingKey[] = [
  'reloadMethod',
  'reloadBody',
  'reloadHeaders',
  'reloadUsername',
  'reloadPassword',
  'reloadCa',
  'reloadExpect',
  'reloadTimeout',
];

function callRules(settings: Settings, urls: readonly URL[], given: ReadonlySet<string>): readonly string[] {
  const { reloadUsername, reloadPassword, reloadMethod } = settings;
  const problems: string[] = [];
  if ((reloadUsername === undefined) !== (reloadPassword === undefined)) {
    problems.push('WHERRY_RELOAD_USERNAME, WHERRY_RELOAD_PASSWORD: only one of the two is set; set both');
  }
  if (reloadUsername !== undefined && urls.some(({ username }) => username !== '')) {
    problems.push('WHERRY_RELOAD_USERNAME: WHERRY_RELOAD_URL holds a user name too; keep one of the two');
  }
  if (reloadMethod === 'GET' || reloadMethod === 'HEAD') {
    problems.push(...idle(['reloadBody'], given, 'a method that has a body, such as POST'));
  }
  if (urls.every(({ protocol }) => protocol === 'http:')) {
    problems.push(...idle(['reloadCa'], given, 'an https:// WHERRY_RELOAD_URL'));
  }
  return problems;
}

/** Settings that would be silently ignored are refused. */
function idle(keys: readonly SettingKey[], given: ReadonlySet<string>, needs: string): readonly string[] {
  return keys
    .filter((key) => given.has(key))
    .map((key) => `${variableName(key)}: has no effect without ${needs}; remove it`);
}
