import { DeniedError } from '../../failure/failure.ts';
import type { Settings } from '../../settings/schema.ts';

/** What proves to an HTTP(S) server who asks. */
export interface Authorization {
  /** The value of the `Authorization` header. */
  readonly header: string;
  /** The setting to look at when the server does not like it. */
  readonly setting: string;
}

/** The `Authorization` header that the settings ask for; a user name or password inside the URL counts. */
export function authorizationOf(settings: Settings): Authorization | undefined {
  const { gitRepo, gitToken, gitUsername, gitPassword } = settings;
  if (gitRepo?.transport !== 'http') return undefined;
  if (gitToken !== undefined) return { header: `Bearer ${inHeader(gitToken)}`, setting: 'WHERRY_GIT_TOKEN' };
  const username = gitUsername ?? gitRepo.username;
  const password = gitPassword ?? gitRepo.password;
  if (username === undefined && password === undefined) return undefined;
  const setting = gitPassword === undefined ? 'WHERRY_GIT_REPO' : 'WHERRY_GIT_PASSWORD';
  // Hosts that know a token only by itself want some user name beside it.
  const pair = `${username ?? 'git'}:${password ?? ''}`;
  return { header: `Basic ${Buffer.from(pair).toString('base64')}`, setting };
}

/** A line break in a token would make it two headers. */
function inHeader(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new DeniedError({
    setting: 'WHERRY_GIT_TOKEN',
    problem: 'the token holds spaces, line breaks or other characters that cannot be sent',
    cure: 'set it to the bare token',
  });
}

/** True when something that only the configured server may see is sent along. */
export function sendsSecrets(settings: Settings): boolean {
  return (
    authorizationOf(settings) !== undefined ||
    settings.gitCookies !== undefined ||
    settings.gitClientKey !== undefined
  );
}
