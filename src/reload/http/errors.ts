import { oneLine } from '../../platform/one-line.ts';

/** The settings to look at, as far as they differ by what is asked. */
export interface Wording {
  /** The one that holds the URL. */
  readonly url: string;
  /** What to do about a CA that nobody trusts. */
  readonly trust: string;
}

export const reloadWording: Wording = {
  url: 'WHERRY_RELOAD_URL',
  trust: 'put the certificate of its CA in WHERRY_RELOAD_CA',
};

const trustErrors =
  /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|CRL_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|HOSTNAME_MISMATCH|ERROR_IN_CERT)/;

/** What to do about an exchange that cannot work; undefined for one that another try may mend. */
export function cureOfError(error: unknown, { url, trust }: Wording): string | undefined {
  const code = codeOf(error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `use a name of the certificate in ${url}; WHERRY_RELOAD_CA cannot change its names`;
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return 'renew the certificate, or the one in WHERRY_RELOAD_CA';
  }
  if (trustErrors.test(code)) return trust;
  if (code.startsWith('ERR_OSSL_')) return 'WHERRY_RELOAD_CA must hold PEM certificates';
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return `look at http:// and https:// in ${url}, and at what TLS the application asks for`;
  }
  if (code === 'ERR_INVALID_CHAR' || code.startsWith('ERR_HTTP_INVALID_HEADER')) {
    return 'look at WHERRY_RELOAD_HEADERS';
  }
  // An answer that breaks off is the only one of the parser's errors that another try can mend.
  if (code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE') {
    return `this is no HTTP answer: look at http:// and https://, host and port in ${url}`;
  }
  if (code === 'ERR_PROXY_INVALID_CONFIG') return 'look at HTTP_PROXY and HTTPS_PROXY';
  if (code === 'ERR_PROXY_TUNNEL' && (statusOf(error) ?? 0) < 500) {
    return 'look at HTTPS_PROXY, or list the host in NO_PROXY';
  }
  return undefined;
}

/** One line. When several addresses were tried, what each of them said. */
export function messageOf(error: unknown): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const messages = errors.map((one) => (one instanceof Error ? one.message : String(one)));
  return oneLine([...new Set(messages.map(openSslReason))].join(', '));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
}

/** OpenSSL's words without its code, function and source file. */
function openSslReason(message: string): string {
  return message.replace(/\b[0-9A-F]{8,}:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):\S*/g, 'TLS: $1');
}
