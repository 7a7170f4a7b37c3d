import {
  DeniedError,
  type Failure,
  MissingError,
  TargetError,
  UnexpectedError,
} from '../../failure/failure.ts';
import {
  type Asked,
  certificateFailure,
  clientCertificateFailure,
  credentialFailure,
  notGitFailure,
  statusFailure,
  unreachable,
} from './failures.ts';

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
  [
    /mismatched algorithms|unsupported object format|mismatched object format|repository's object format/i,
    () => ({ kind: 'format' }),
  ],
  [/No user exists for uid (\d+)/, (_, match, cause) => failed(noUser(match[1] ?? '', cause))],
  [
    /(No \w+ host key is known for)|HOST IDENTIFICATION HAS CHANGED|Host key verification failed/,
    (asked, match, cause) => failed(hostKey(asked, match[1] !== undefined, cause)),
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
  /unable to access '|Connection (?:reset|closed)|kex_exchange|RPC failed|early EOF|unexpected disconnect|hung up|curl \d+|too slow|Empty reply|Failed to connect|Could not connect|transfer closed|timed out|gnutls|SSL_/i;

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

function hostKey({ display }: Asked, isUnknown: boolean, cause: unknown): DeniedError {
  return new DeniedError({
    setting: 'WHERRY_GIT_SSH_KNOWN_HOSTS',
    problem: isUnknown
      ? `no host key is known for ${display}`
      : `the host key of ${display} is not the known one`,
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
    cure: 'run as a user that the image knows, or add libnss-unknown to the image',
    cause,
  });
}

function fullState(found: string, cause: unknown): TargetError {
  return new TargetError({
    setting: 'WHERRY_STATE_DIR',
    problem: `the clone cannot be written: ${found.toLowerCase()}`,
    cure: /read-only/i.test(found)
      ? "mount the volume without readOnly in Wherry's container"
      : 'give the volume more room, or take a part of the repository with WHERRY_GIT_PATH',
    cause,
  });
}
