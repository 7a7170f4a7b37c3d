import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Kind } from './kinds.ts';

/** A repository's address, its credentials taken out of the URL. `display` is for logs and never holds a secret. */
export type GitRemote =
  | {
      readonly transport: 'http';
      readonly url: string;
      readonly display: string;
      readonly username: string | undefined;
      readonly password: string | undefined;
    }
  | { readonly transport: 'ssh'; readonly url: string; readonly display: string }
  | { readonly transport: 'file'; readonly url: string; readonly display: string; readonly path: string };

export const gitRemote: Kind<GitRemote> = {
  expected:
    'https://…, http://…, ssh://…, user@host:path, file://… or a path, a password in it percent-encoded',
  parse: parseGitRemote,
};

function parseGitRemote(text: string): GitRemote | undefined {
  if (/[\0\r\n]/.test(text) || text.startsWith('-') || /^\w+:\/\/.*\s/.test(text)) return undefined;
  if (/^https?:\/\//i.test(text)) return parseHttp(text);
  if (/^ssh:\/\//i.test(text)) {
    if (!URL.canParse(text)) return undefined;
    const url = new URL(text);
    const names = url.hostname !== '' && url.pathname.length > 1;
    return names && url.password === '' ? { transport: 'ssh', url: text, display: text } : undefined;
  }
  if (/^file:\/\//i.test(text)) {
    if (!URL.canParse(text) || !['', 'localhost'].includes(new URL(text).hostname)) return undefined;
    return parseLocal(fileURLToPath(new URL(text)));
  }
  // Another scheme, or one that was mistyped.
  if (/^[a-z][a-z0-9+.-]*:(\/\/|:)/i.test(text) || /^(https?|ssh|file)[:/]/i.test(text)) return undefined;
  // git's own rule: a colon before the first slash makes it host:path.
  const scp = /^(?:[^@/:\s]+@)?(?:\[[^\]/\s]+\]|[^:/\s[\]]+):[^\s].*$/.test(text);
  return scp ? { transport: 'ssh', url: text, display: text } : parseLocal(resolve(text));
}

function parseHttp(text: string): GitRemote | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  // A password with a slash that is not encoded would be taken for a path, and shown.
  if (url.pathname.includes('@')) return undefined;
  const username = url.username === '' ? undefined : decode(url.username);
  const password = url.password === '' ? undefined : decode(url.password);
  url.username = '';
  url.password = '';
  url.hash = '';
  return { transport: 'http', url: url.href, display: url.href, username, password };
}

function parseLocal(path: string): GitRemote {
  return { transport: 'file', url: `file://${path}`, display: path, path };
}

/** A stray `%` in a password is taken as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
