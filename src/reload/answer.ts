import { formatDuration } from '../platform/units.ts';
import type { Statuses } from '../settings/kinds.ts';
import { oneLine } from './one-line.ts';
import type { Answer } from './target.ts';

/** What was asked, as far as it may be shown. */
export interface Call {
  readonly method: string;
  /** Without user name, password and query. */
  readonly url: string;
  readonly expect: Statuses;
  /** Milliseconds. */
  readonly timeout: number;
}

/** What came back. Texts are one line each, and hold no secret. */
export interface HttpResponse {
  readonly status: number;
  /** The status line's own words. */
  readonly reason: string;
  /** The beginning of the body: the error message that the user needs. */
  readonly body: string;
  readonly location: string | undefined;
  readonly allow: string | undefined;
}

/** The whole call took longer than `WHERRY_RELOAD_TIMEOUT`. */
export class CallTimeout extends Error {}

const busy = new Set([409, 425, 429, 503]);

/** Puts a whole answer into its class. */
export function classifyResponse(call: Call, response: HttpResponse): Answer {
  const { status } = response;
  if (call.expect.includes(status)) return { class: 'accepted' };
  const said = describe(call, response);
  if (busy.has(status)) return { class: 'busy', detail: said };
  const cure = cureOf(call, response);
  if (cure === undefined) return { class: 'rejected', detail: said };
  return { class: 'misconfigured', detail: `${said}; ${cure}` };
}

/** Puts a call that brought no whole answer into its class. `hide` takes the secrets out of the system's words. */
export function classifyError(call: Call, error: unknown, hide: (text: string) => string): Answer {
  const asked = `${call.method} ${call.url}`;
  if (error instanceof CallTimeout) {
    const limit = formatDuration(call.timeout);
    return {
      class: 'not-up',
      detail: `${asked}: no whole answer within ${limit} (WHERRY_RELOAD_TIMEOUT); it may still be starting`,
    };
  }
  const detail = `${asked}: ${hide(messageOf(error))}`;
  const cure = cureOfError(codeOf(error), statusOf(error));
  return cure === undefined
    ? { class: 'not-up', detail }
    : { class: 'misconfigured', detail: `${detail}; ${cure}` };
}

function describe({ method, url }: Call, { status, reason, body }: HttpResponse): string {
  const words = body === '' ? reason : body;
  return `${method} ${url} answered ${status}${words === '' ? '' : `: ${words}`}`;
}

/** What to do about a call that is wrong in itself; undefined when the application refused the set. */
function cureOf(call: Call, { status, body, location, allow }: HttpResponse): string | undefined {
  switch (status) {
    case 401:
      return 'look at WHERRY_RELOAD_USERNAME and WHERRY_RELOAD_PASSWORD, or Authorization in WHERRY_RELOAD_HEADERS';
    case 403:
      return /lifecycle api/i.test(body)
        ? 'start it with --web.enable-lifecycle'
        : 'allow the call in the application, or look at WHERRY_RELOAD_USERNAME and WHERRY_RELOAD_HEADERS';
    case 404:
      return 'look at the path in WHERRY_RELOAD_URL, and whether the application offers it';
    case 405:
      return `set WHERRY_RELOAD_METHOD${allow === undefined ? '' : ` to one of ${allow}`}; it is ${call.method} now`;
    case 407:
      return 'give the proxy its user name and password in HTTP_PROXY, or list the host in NO_PROXY';
    default:
      break;
  }
  if (status >= 400) return undefined;
  const instead = `or add ${status} to WHERRY_RELOAD_EXPECT, which is ${call.expect.text} now`;
  if (location !== undefined && status >= 300) {
    return `it points to ${location}, and redirects are not followed: put that in WHERRY_RELOAD_URL, ${instead}`;
  }
  return `look at WHERRY_RELOAD_URL, ${instead}`;
}

const trustErrors =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|CRL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|ERROR_IN_CERT)/;

function cureOfError(code: string, status: number | undefined): string | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return 'use a name of the certificate in WHERRY_RELOAD_URL; WHERRY_RELOAD_CA cannot change its names';
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return 'renew the certificate, or the one in WHERRY_RELOAD_CA';
  }
  if (trustErrors.test(code)) return 'put the certificate of its CA in WHERRY_RELOAD_CA';
  if (code.startsWith('ERR_OSSL_')) return 'WHERRY_RELOAD_CA must hold PEM certificates';
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return 'look at http:// and https:// in WHERRY_RELOAD_URL, and at what TLS the application asks for';
  }
  if (code === 'ERR_INVALID_CHAR' || code.startsWith('ERR_HTTP_INVALID_HEADER')) {
    return 'look at WHERRY_RELOAD_HEADERS';
  }
  // An answer that breaks off is the only one of the parser's errors that another try can mend.
  if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE') {
    return 'this is no HTTP answer: look at http:// and https://, host and port in WHERRY_RELOAD_URL';
  }
  if (code === 'ERR_PROXY_INVALID_CONFIG') return 'look at HTTP_PROXY and HTTPS_PROXY';
  if (code === 'ERR_PROXY_TUNNEL' && (status === undefined || status < 500)) {
    return 'look at HTTPS_PROXY, or list the host in NO_PROXY';
  }
  return undefined;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}

/** When several addresses were tried, what each of them said. */
function messageOf(error: unknown): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const messages = errors.map((one) => (one instanceof Error ? one.message : String(one)));
  return oneLine([...new Set(messages.map(openSslReason))].join(', '));
}

/** OpenSSL's words without its code, function and source file. */
function openSslReason(message: string): string {
  return message.replace(/\b[0-9A-F]{8,}:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):\S*/g, 'TLS: $1');
}
