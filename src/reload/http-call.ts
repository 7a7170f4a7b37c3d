import type { Settings } from '../settings/schema.ts';
import { version } from '../version.ts';
import type { Call } from './answer.ts';
import type { ReloadContext } from './target.ts';

/** One URL's call as the settings make it. */
export interface HttpCall extends Call {
  readonly target: URL;
  /** Undefined where the method carries none. */
  readonly body: Buffer | undefined;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly ca: string | undefined;
  /** Variables that name proxies. */
  readonly proxyEnv: NodeJS.ProcessEnv;
  /** Takes credentials out of a text that others wrote. */
  readonly hide: (text: string) => string;
}

export type CallSettings = Pick<
  Settings,
  | 'reloadMethod'
  | 'reloadBody'
  | 'reloadHeaders'
  | 'reloadUsername'
  | 'reloadPassword'
  | 'reloadCa'
  | 'reloadExpect'
  | 'reloadTimeout'
>;

export function createHttpCall(url: URL, settings: CallSettings, env: NodeJS.ProcessEnv): HttpCall {
  const method = settings.reloadMethod;
  const carriesBody = method !== 'GET' && method !== 'HEAD';
  const body =
    carriesBody && settings.reloadBody !== undefined ? Buffer.from(settings.reloadBody) : undefined;
  const credentials = credentialsOf(url, settings);
  const headers = headersOf(settings, body, credentials);
  return {
    target: url,
    method,
    url: shownUrl(url),
    expect: settings.reloadExpect,
    timeout: settings.reloadTimeout,
    body,
    headers,
    ca: settings.reloadCa,
    proxyEnv: proxiesOf(env),
    hide: hider(secretsOf(url, settings, credentials)),
  };
}

/** A URL without what may be secret in it: user name, password, query. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** What tells the application which set it is told about; the user's own headers win. */
export function headersFor({ headers }: HttpCall, { revision, sequence }: ReloadContext) {
  const own: readonly [string, readonly string[]][] = [
    ['user-agent', [`wherry/${version}`]],
    ['accept', ['*/*']],
    ['x-wherry-revision', [encodeURI(revision)]],
    ['x-wherry-sequence', [String(sequence)]],
  ];
  return Object.fromEntries([...own, ...headers].map(([name, values]) => [name, single(values)]));
}

function single(values: readonly string[]): string | string[] {
  const [only, ...more] = values;
  return only !== undefined && more.length === 0 ? only : [...values];
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Those in the URL are for that URL alone, and win. */
function credentialsOf(url: URL, { reloadUsername, reloadPassword }: CallSettings): Credentials | undefined {
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
  { reloadHeaders = [] }: CallSettings,
  body: Buffer | undefined,
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
  if (body !== undefined && !headers.has('content-type')) {
    headers.set('content-type', [isJson(body.toString()) ? 'application/json' : 'text/plain; charset=utf-8']);
  }
  return headers;
}

function basic({ username, password }: Credentials): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const scheme = /^(basic|bearer|digest|token)$/i;
const secretName = /auth|token|secret|key|cookie|password|signature/i;

function secretsOf(url: URL, { reloadHeaders = [] }: CallSettings, credentials: Credentials | undefined) {
  const ofHeaders = reloadHeaders
    .filter(([name]) => secretName.test(name))
    .flatMap(([, value]) => [value, ...value.split(/\s+/).filter((word) => !scheme.test(word))]);
  const ofQuery = [...url.searchParams]
    .filter(([name, value]) => secretName.test(name) || value.length >= 16)
    .map(([, value]) => value);
  const ofCredentials =
    credentials === undefined ? [] : [credentials.password, basic(credentials), url.password];
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
