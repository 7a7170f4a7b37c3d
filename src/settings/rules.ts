import { isAbsolute, relative, resolve } from 'node:path';
import { isGitRef } from './git-ref.ts';
import type { GitRemote } from './git-remote.ts';
import { idle } from './idle.ts';
import { reloadRules } from './reload-rules.ts';
import type { SettingKey, Settings } from './schema.ts';

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
  if (gitRef === undefined || isGitRef(gitRef)) return [];
  return [`WHERRY_GIT_REF: "${gitRef}" is not a branch, tag, refs/… or commit`];
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
