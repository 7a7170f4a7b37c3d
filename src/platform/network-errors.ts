import { systemCode } from '../failure/failure.ts';

const untrusted = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** True when the other side's certificate is what a connection failed at. */
export function isUntrusted(error: unknown): boolean {
  return untrusted.has(systemCode(error) ?? '');
}

/** True when the other side speaks no TLS where TLS was spoken to it. */
export function speaksNoTls(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER';
}

const words: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'its host name cannot be resolved now',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no network to it',
  ENOTFOUND: 'its host name cannot be resolved',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'it did not answer in time',
};

/** What a connection failed at, in words. */
export function networkWords(error: unknown): string {
  return words[systemCode(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
}
