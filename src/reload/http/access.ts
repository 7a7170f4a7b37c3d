import type { Settings } from '../../settings/schema.ts';

/** How one URL may be asked: by whom, on which way, and what of it must not be shown. */
export interface Access {
  /** Those of the settings and the authorization, by lower-case name. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly ca: string | undefined;
  /** Variables that name proxies. */
  readonly proxyEnv: NodeJS.ProcessEnv;
  /** Takes credentials out of a text that others wrote. */
  readonly hide: (text: string) => string;
}

export type AccessSettings = Pick<
  Settings,
  'reloadHeaders' | 'reloadUsername' | 'reloadPassword' | 'reloadCa'
>;

export function accessTo(url: URL, settings: Partial<AccessSettings>, env: NodeJS.ProcessEnv): Access {
  const credentials = credentialsOf(url, settings);
  return {
    headers: headersOf(settings, credentials),
    ca: settings.reloadCa,
    proxyEnv: proxiesOf(env),
    hide: hider(secretsOf(url, settings, credentials)),
  };
}

/** A URL without what may be secret in it: user name, password, query. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Those in the URL are for that URL alone, and win. */
function credentialsOf(
  url: URL,
  { reloadUsername, reloadPassword }: Partial<AccessSettings>,
): Credentials | undefined {
  if (url.username !== '' || url.password !== '') {
    return { username: decode(url.username), password: decode(url.password) };
  }
  if (reloadUsername === undefined) return undefined;
  return { username: reloadUsername, password: reloadPassword ?? '' };
}

/** A stray `%` in a password is taken as it stands. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function headersOf(
  { reloadHeaders = [] }: Partial<AccessSettings>,
  credentials: Credentials | undefined,
): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, readonly string[]>();
  for (const [name, value] of reloadHeaders) {
    const key = name.toLowerCase();
    headers.set(key, [...(headers.get(key) ?? []), value]);
  }
  if (credentials !== undefined && !headers.has('authorization')) {
    headers.set('authorization', [`Basic ${basic(credentials)}`]);
  }
  return headers;
}

function basic({ username, password }: Credentials): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}

/** A token often stands where a user name does, without a password. */
function secretOf({ username, password }: Credentials): string {
  return password === '' ? username : password;
}

const scheme = /^(basic|bearer|digest|token)$/i;
const secretName = /auth|token|secret|key|cookie|password|signature/i;
/** Of the headers of the user these alone are known to be none; the setting as a whole is a secret. */
const plainHeader =
  /^(accept(-.*)?|cache-control|content-.*|host|if-.*|origin|pragma|referer|te|user-agent|via)$/i;

function secretsOf(
  url: URL,
  { reloadHeaders = [] }: Partial<AccessSettings>,
  credentials: Credentials | undefined,
): readonly string[] {
  const ofHeaders = reloadHeaders
    .filter(([name]) => !plainHeader.test(name))
    .flatMap(([, value]) => [value, ...value.split(/\s+/).filter((word) => !scheme.test(word))]);
  const ofQuery = [...url.searchParams]
    .filter(([name, value]) => secretName.test(name) || value.length >= 16)
    .map(([, value]) => value);
  const ofCredentials =
    credentials === undefined ? [] : [secretOf(credentials), basic(credentials), url.password];
  return [...ofHeaders, ...ofQuery, ...ofCredentials];
}

/** Applications repeat what they were sent in their errors. Very short values would only garble the message. */
function hider(secrets: readonly string[]): (text: string) => string {
  const worth = [...new Set(secrets)].filter(({ length }) => length >= 4).sort((a, b) => b.length - a.length);
  return (text) => {
    const named = worth.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
    return named.replace(/(\w+:\/\/)[^/@\s]*@/g, '$1***@');
  };
}

function proxiesOf(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'];
  return Object.fromEntries(names.filter((name) => env[name]).map((name) => [name, env[name]]));
}
