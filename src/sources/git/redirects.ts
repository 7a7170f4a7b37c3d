import { DeniedError } from '../../failure/failure.ts';
import { type Asked, credentialFailure, notGitFailure } from './failures.ts';

/** What the first request adds to the repository's address. */
export const suffix = '/info/refs?service=git-upload-pack';

export function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

/**
 * Where a redirect of the first request leads. Credentials go to no other origin, and nobody goes from an encrypted
 * connection to an open one: both are for the user to decide, by another WHERRY_GIT_REPO.
 */
export function followRedirect(
  from: URL,
  location: string | undefined,
  { asked, secrets }: { readonly asked: Asked; readonly secrets: boolean },
): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw notGitFailure(asked, 'it redirects to nowhere');
  }
  const to = new URL(location, from.href);
  to.username = '';
  to.password = '';
  to.hash = '';
  const shown = `${to.origin}${to.pathname.replace(/\/info\/refs$/, '')}`;
  if (!to.href.endsWith(suffix) || !['http:', 'https:'].includes(to.protocol)) {
    // Hosts that want a login send browsers to a page for it.
    if (/log-?in|sign-?_?in|auth|sso/i.test(to.pathname))
      throw credentialFailure(asked, `it redirects to ${shown}`);
    throw notGitFailure(asked, `it redirects to ${shown}`);
  }
  const opens = from.protocol === 'https:' && to.protocol === 'http:';
  if (opens || (secrets && to.origin !== from.origin)) {
    throw new DeniedError({
      setting: 'WHERRY_GIT_REPO',
      problem: `${asked.display} redirects to ${shown}, ${opens ? 'which is not encrypted' : 'and the credentials are not meant for that'}`,
      cure: 'if it is right, set WHERRY_GIT_REPO to that address',
    });
  }
  return to;
}
