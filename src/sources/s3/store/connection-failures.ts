import { DeniedError, type Failure, systemCode, UnreachableError } from '../../../failure/failure.ts';
import { isUntrusted, networkWords, speaksNoTls } from '../../../platform/network-errors.ts';
import { type Asked, tries, unreachable } from './asked.ts';

/** What could not even be sent, or had no answer. */
export function connectionFailure(error: unknown, asked: Asked): Failure {
  const code = systemCode(error) ?? '';
  if (isUntrusted(error)) {
    return new DeniedError({
      setting: 'WHERRY_S3_CA',
      problem: `the certificate of ${asked.display} is not trusted (${code})`,
      cure: 'set WHERRY_S3_CA_FILE to the certificate of the authority that signed it',
      cause: error,
    });
  }
  if (code.startsWith('ERR_OSSL_')) {
    return new DeniedError({
      setting: 'WHERRY_S3_CA',
      problem: `it holds no PEM certificates that can be read (${code})`,
      cure: 'set WHERRY_S3_CA_FILE to the certificate of the authority that signed the store’s',
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : '';
  if (code === 'ERR_PROXY_TUNNEL') {
    if (/\b407\b/.test(message)) return proxyRefused(asked);
    return new UnreachableError({
      setting: asked.proxy,
      problem: `the proxy does not lead to ${asked.display}: ${message.split('\r', 1)[0]}`,
      cure: 'check the proxy, or leave the host out with NO_PROXY',
      cause: error,
    });
  }
  if (code === 'ENOTFOUND' && asked.bucketHost !== undefined && !asked.isAws) {
    return unreachable(
      asked,
      `${asked.display} could not be reached: the host name ${asked.bucketHost} cannot be resolved`,
      'set it to true, which puts the bucket into the path, or let DNS know that name',
      'WHERRY_S3_PATH_STYLE',
      error,
    );
  }
  const words = speaksNoTls(error)
    ? 'it does not speak TLS there: is it an http:// address, or another port?'
    : code.startsWith('HPE_')
      ? 'it does not speak HTTP there: is it an https:// address, or another port?'
      : code === 'ETIMEDOUT' && message !== ''
        ? message
        : networkWords(error);
  const where =
    asked.isAws && code === 'ENOTFOUND'
      ? 'check WHERRY_S3_REGION, DNS and network policies'
      : 'check DNS, network policies and proxies';
  return unreachable(
    asked,
    `${asked.display} could not be reached: ${words}${tries(asked)}`,
    where,
    undefined,
    error,
  );
}

/** Something that is no S3 store took its place. */
export function notS3(asked: Pick<Asked, 'display'>, found: string): UnreachableError {
  return new UnreachableError({
    setting: 'WHERRY_S3_ENDPOINT',
    problem: `${asked.display} was asked and something else than an S3 store answered: ${found}`,
    cure: 'check the address, and what proxy or portal answers in its place',
  });
}

/** The proxy, not the store, wants credentials. */
export function proxyRefused({ display, proxy }: Asked): DeniedError {
  return new DeniedError({
    setting: proxy,
    problem: `the proxy on the way to ${display} refused the credentials (HTTP 407)`,
    cure: 'put a valid user name and password into the proxy’s URL',
  });
}
