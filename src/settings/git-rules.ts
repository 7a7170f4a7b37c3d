import { isGitRef } from './git-ref.ts';
import type { GitRemote } from './git-remote.ts';
import { idle } from './idle.ts';
import { isOutside } from './outside.ts';
import type { SettingKey, Settings } from './schema.ts';

/** What the settings of a repository need, exclude or have no effect without. */
export function gitRules(
  settings: Settings,
  given: ReadonlySet<string>,
  partial: boolean,
): readonly string[] {
  const { gitRepo, gitPath } = settings;
  const problems: string[] = [];
  if (gitRepo !== undefined) problems.push(...remoteRules(settings, gitRepo, given));
  else if (!partial) {
    problems.push(
      'WHERRY_GIT_REPO: required with WHERRY_SOURCE=git; set it to the address of the repository',
    );
  }
  problems.push(...refRules(settings));
  if (gitPath !== undefined && isOutside(gitPath)) {
    problems.push(
      `WHERRY_GIT_PATH: "${gitPath}" is not a path inside the repository; write it without a leading / and ..`,
    );
  }
  return problems;
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
