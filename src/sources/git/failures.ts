import {
  DeniedError,
  type Failure,
  MissingError,
  systemCode,
  TargetError,
  UnexpectedError,
  UnreachableError,
} from '../../failure/failure.ts';

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

export function unreachable({ display, address }: Asked, found: string, cause?: unknown): UnreachableError {
  return new UnreachableError({
    setting: address,
    problem: `${display} could not be reached: ${found}`,
    cure: 'it is tried again',
    cause,
  });
}

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

const networkWords: Readonly<Record<string, string>> = {
  EAI_AGAIN: 'its host name cannot be resolved now',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no network to it',
  ENOTFOUND: 'its host name cannot be resolved',
  EPIPE: 'the connection was closed',
  ETIMEDOUT: 'it did not answer in time',
};

/** What an error of the probe's own connection means. */
export function connectionFailure(error: unknown, asked: Asked): Failure {
  const code = systemCode(error) ?? '';
  if (untrusted.has(code)) return certificateFailure(asked, code, error);
  if (/CERTIFICATE_REQUIRED|ALERT_BAD_CERTIFICATE|ALERT_UNKNOWN_CA|SSLV3_ALERT_HANDSHAKE/.test(code)) {
    return clientCertificateFailure(asked, error);
  }
  const message = error instanceof Error ? error.message : '';
  if (code === 'ERR_PROXY_TUNNEL') {
    return /\b407\b/.test(message) ? statusFailure(407, asked) : proxyFailure(asked, message, error);
  }
  const words = networkWords[code] ?? (error instanceof Error ? error.message : String(error));
  return unreachable(asked, words, error);
}

function proxyFailure({ display }: Asked, found: string, cause: unknown): UnreachableError {
  return new UnreachableError({
    setting: 'HTTPS_PROXY',
    problem: `the proxy does not lead to ${display}: ${found.split('\r', 1)[0]}`,
    cure: 'check the proxy, or leave the host out with NO_PROXY',
    cause,
  });
}

/** What a failed git says. Its text decides only where no better witness is at hand. */
export type GitVerdict =
  | { readonly kind: 'failure'; readonly failure: Failure }
  /** It says that the credentials were refused, which some versions say of a broken connection too. */
  | { readonly kind: 'doubtful'; readonly failure: Failure }
  /** The ref that was asked for is not there. */
  | { readonly kind: 'no-ref' }
  /** The server gives no objects that no ref names, or does not have this one. */
  | { readonly kind: 'not-advertised' }
  /** The repository uses the other hash function. */
  | { readonly kind: 'format' }
  /** Nothing that the remote would be to blame for. */
  | { readonly kind: 'unknown' };

type Rule = readonly [RegExp, (asked: Asked, match: RegExpExecArray, cause: unknown) => GitVerdict];

const failed = (failure: Failure): GitVerdict => ({ kind: 'failure', failure });

/** The first rule that fits decides. The texts are git's, libcurl's and OpenSSH's, in the C locale. */
const rules: readonly Rule[] = [
  [/spawn git ENOENT/, (_, __, cause) => failed(noGit(cause))],
  [
    /(No space left on device|Disk quota exceeded|Read-only file system)/,
    (_, match, cause) => failed(fullState(match[1] ?? '', cause)),
  ],
  [/couldn't find remote ref/i, () => ({ kind: 'no-ref' })],
  [
    /not our ref|does not allow request for unadvertised object|unadvertised object|want \w+ not valid/i,
    () => ({ kind: 'not-advertised' }),
  ],
  [/mismatched algorithms|unsupported object format|mismatched object format/i, () => ({ kind: 'format' })],
  [/No user exists for uid (\d+)/, (_, match, cause) => failed(noUser(match[1] ?? '', cause))],
  [
    /Host key verification failed|HOST IDENTIFICATION HAS CHANGED|host key is known for/,
    (asked, match, cause) => failed(hostKey(asked, match[0], cause)),
  ],
  [
    /Permission denied \((?:publickey|password|keyboard|gssapi|none)|Too many authentication failures|Load key .*: /,
    (asked) => failed(credentialFailure(asked, 'publickey')),
  ],
  [
    /Could not resolve (?:host|hostname|proxy)|Name or service not known|name resolution/i,
    (asked, _, cause) => failed(unreachable(asked, 'its host name cannot be resolved', cause)),
  ],
  [
    /certificate (?:problem|verification failed|subject name)|self[- ]signed certificate|issuer certificate/i,
    (asked, match, cause) => failed(certificateFailure(asked, match[0], cause)),
  ],
  [
    /certificate required|alert bad certificate/i,
    (asked, _, cause) => failed(clientCertificateFailure(asked, cause)),
  ],
  [
    /(?:returned error:|HTTP code =|HTTP) (\d{3})/,
    (asked, match) => failed(statusFailure(Number(match[1]), asked)),
  ],
  [
    /Authentication failed|could not read (?:Username|Password)|terminal prompts disabled/,
    (asked, match) => ({ kind: 'doubtful', failure: credentialFailure(asked, match[0]) }),
  ],
  [
    /does not appear to be a git repository|repository .*not found|no such repository|could not be found|does not exist/i,
    (asked, _, cause) => failed(noRepository(asked, cause)),
  ],
  [
    /is this a git repository\?|dumb http transport|invalid server response|protocol error: bad line length/i,
    (asked, match) => failed(notGitFailure(asked, match[0])),
  ],
  [
    /(Connection refused|Connection timed out|Operation timed out|No route to host|Network is unreachable)/i,
    (asked, match, cause) => failed(unreachable(asked, (match[1] ?? '').toLowerCase(), cause)),
  ],
];

/** What a connection that broke looks like; a damaged clone may end so too. */
const brokeOff =
  /Connection (?:reset|closed)|kex_exchange|RPC failed|early EOF|unexpected disconnect|hung up|curl \d+|too slow|Empty reply|Failed to connect|Could not connect|transfer closed|timed out|gnutls|SSL_/i;

/** Words about the clone's own files. */
const aboutClone =
  /bad object|corrupt|loose object|unable to (?:read|create|write|open)|packfile|cannot lock|\.lock|shallow file|missing (?:blob|tree|commit)|not a git repository: /i;

/** Judges the last words of a git that talked to a remote. */
export function judgeGit(stderr: string, asked: Asked, cause?: unknown): GitVerdict {
  // Lines of the server's own hooks may say anything; what it says about a refusal comes without this mark too.
  const text = stderr.replace(/^remote: (?!ERROR).*$/gm, '');
  for (const [pattern, verdict] of rules) {
    const match = pattern.exec(text);
    if (match !== null) return verdict(asked, match, cause);
  }
  if (brokeOff.test(text) && !aboutClone.test(text)) {
    return failed(unreachable(asked, 'the connection broke off', cause));
  }
  return { kind: 'unknown' };
}

function hostKey({ display }: Asked, found: string, cause: unknown): DeniedError {
  return new DeniedError({
    setting: 'WHERRY_GIT_SSH_KNOWN_HOSTS',
    problem: `the host key of ${display} is not the known one (${found})`,
    cure: 'compare it with the host’s published key, then put that into WHERRY_GIT_SSH_KNOWN_HOSTS_FILE',
    cause,
  });
}

function noRepository({ display, address }: Asked, cause: unknown): MissingError {
  return new MissingError({
    setting: address,
    problem: `there is no repository at ${display}, or it may not be read`,
    cure: 'check the address',
    cause,
  });
}

function noGit(cause: unknown): UnexpectedError {
  return new UnexpectedError({ problem: 'git is not installed', cure: 'install git 2.32 or newer', cause });
}

function noUser(uid: string, cause: unknown): UnexpectedError {
  return new UnexpectedError({
    problem: `ssh does not run as user id ${uid}, which /etc/passwd does not name`,
    cure: 'run as a user that the image knows',
    cause,
  });
}

function fullState(found: string, cause: unknown): TargetError {
  return new TargetError({
    setting: 'WHERRY_STATE_DIR',
    problem: `the clone cannot be written: ${found.toLowerCase()}`,
    cure: 'give the volume more room, or take a part of the repository with WHERRY_GIT_PATH',
    cause,
  });
}
