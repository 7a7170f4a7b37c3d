import {
  DeniedError,
  type Failure,
  MissingError,
  systemCode,
  UnreachableError,
} from '../../failure/failure.ts';
import { isUntrusted, networkWords, speaksNoTls } from '../../platform/network-errors.ts';

/** Who was asked, and with what: all that a message about the answer needs. No secret is in it. */
export interface Asked {
  /** The address as it may be shown. */
  readonly display: string;
  readonly transport: 'http' | 'ssh' | 'file';
  /** The setting that holds the credentials which were sent, if any. */
  readonly credential: string | undefined;
  /** The setting whose change would help when the address itself is wrong. */
  readonly address: string;
}

/** What an HTTP status of the probe means. */
export function statusFailure(status: number, asked: Asked): Failure {
  const { display, credential, address } = asked;
  switch (status) {
    case 401:
    case 403:
      return credentialFailure(asked, `HTTP ${status}`);
    case 404:
    case 410:
      return new MissingError({
        setting: address,
        problem: `${display} was not found (HTTP ${status})`,
        cure:
          credential === undefined
            ? 'check the address; without credentials a private repository answers so too'
            : `check the address, and that ${credential} may read the repository`,
      });
    case 407:
      return new DeniedError({
        setting: 'HTTPS_PROXY',
        problem: `the proxy on the way to ${display} refused the credentials (HTTP 407)`,
        cure: 'put a valid user name and password into the proxy’s URL',
      });
    default:
      return new UnreachableError({
        setting: address,
        problem: `${display} answered HTTP ${status}`,
        cure: status >= 500 || status === 429 ? 'the server should recover' : 'check the address',
      });
  }
}

/** The server wants credentials, or does not like those that it got. */
export function credentialFailure({ display, transport, credential }: Asked, evidence: string): DeniedError {
  if (transport === 'ssh') return keyFailure(display, credential);
  return credential === undefined
    ? new DeniedError({
        setting: 'WHERRY_GIT_TOKEN',
        problem: `${display} wants credentials (${evidence}), and none are set`,
        cure: 'set WHERRY_GIT_TOKEN, or WHERRY_GIT_USERNAME and WHERRY_GIT_PASSWORD',
      })
    : new DeniedError({
        setting: credential,
        problem: `${display} refused the credentials (${evidence})`,
        cure: 'check that they are valid and may read the repository',
      });
}

function keyFailure(display: string, credential: string | undefined): DeniedError {
  return new DeniedError({
    setting: 'WHERRY_GIT_SSH_KEY',
    problem:
      credential === undefined
        ? `${display} wants a key, and none is set for this server`
        : `${display} refused the key`,
    cure:
      credential === undefined
        ? 'set WHERRY_GIT_SSH_KEY_FILE to a private key that may read the repository'
        : 'check that it is an unencrypted private key, and that the server knows its public half',
  });
}

export function notGitFailure({ display, address }: Asked, found: string): UnreachableError {
  return new UnreachableError({
    setting: address,
    problem: `${display} is not a Git server: ${found}`,
    cure: 'check the address, and what stands between here and there',
  });
}

export function certificateFailure({ display }: Asked, found: string, cause?: unknown): DeniedError {
  return new DeniedError({
    setting: 'WHERRY_GIT_CA',
    problem: `the certificate of ${display} is not trusted (${found})`,
    cure: 'set WHERRY_GIT_CA_FILE to the certificate of the authority that signed it',
    cause,
  });
}

export function clientCertificateFailure({ display }: Asked, cause?: unknown): DeniedError {
  return new DeniedError({
    setting: 'WHERRY_GIT_CLIENT_CERT',
    problem: `${display} wants a client certificate that it trusts`,
    cure: 'set WHERRY_GIT_CLIENT_CERT_FILE and WHERRY_GIT_CLIENT_KEY_FILE',
    cause,
  });
}

function unusableClientCertificate(code: string, cause: unknown): DeniedError {
  return new DeniedError({
    setting: 'WHERRY_GIT_CLIENT_CERT',
    problem: `it and WHERRY_GIT_CLIENT_KEY are not a PEM certificate and its unencrypted key (${code})`,
    cure: 'set both to the files of one pair',
    cause,
  });
}

export function unreachable({ display, address }: Asked, found: string, cause?: unknown): UnreachableError {
  return new UnreachableError({
    setting: address,
    problem: `${display} could not be reached: ${found}`,
    cure: 'check DNS, network policies and proxies',
    cause,
  });
}

/** What an error of the probe's own connection means. */
export function connectionFailure(error: unknown, asked: Asked): Failure {
  const code = systemCode(error) ?? '';
  if (isUntrusted(error)) return certificateFailure(asked, code, error);
  if (/CERTIFICATE_REQUIRED|ALERT_BAD_CERTIFICATE|ALERT_UNKNOWN_CA|SSLV3_ALERT_HANDSHAKE/.test(code)) {
    return clientCertificateFailure(asked, error);
  }
  if (code.startsWith('ERR_OSSL_')) return unusableClientCertificate(code, error);
  const message = error instanceof Error ? error.message : '';
  if (code === 'ERR_PROXY_TUNNEL') {
    return /\b407\b/.test(message) ? statusFailure(407, asked) : proxyFailure(asked, message, error);
  }
  if (speaksNoTls(error)) {
    return unreachable(
      asked,
      'it does not speak TLS there: is it an http:// address, or another port?',
      error,
    );
  }
  return unreachable(asked, networkWords(error), error);
}

function proxyFailure({ display }: Asked, found: string, cause: unknown): UnreachableError {
  return new UnreachableError({
    setting: 'HTTPS_PROXY',
    problem: `the proxy does not lead to ${display}: ${found.split('\r', 1)[0]}`,
    cure: 'check the proxy, or leave the host out with NO_PROXY',
    cause,
  });
}
