import {
  DeniedError,
  Failure,
  MissingError,
  RefusedError,
  SettingsError,
  UnexpectedError,
  UnreachableError,
} from '../failure/failure.ts';
import { isUntrusted, networkWords, speaksNoTls } from '../platform/network-errors.ts';
import { oneLine } from '../platform/one-line.ts';

/** What was asked for when a store refused, for the message. */
export interface Asked {
  /** `s3://bucket`, with its endpoint. */
  readonly display: string;
  /** `read "current"`, `write "blobs/…"`. */
  readonly act: string;
}

/** What the SDK throws, as far as it tells. */
interface Answer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** Puts what the SDK threw into the family of errors that users see. */
export function storeFailure(thrown: unknown, asked: Asked): Failure {
  if (thrown instanceof Failure) return thrown;
  const answer = answerOf(thrown);
  return answer === undefined ? connectionFailure(thrown, asked) : answerFailure(answer, asked, thrown);
}

/** The HTTP status of an answer that the SDK takes for an error. */
export function statusOf(thrown: unknown): number | undefined {
  return answerOf(thrown)?.status;
}

export function codeOf(thrown: unknown): string | undefined {
  return answerOf(thrown)?.code;
}

function answerOf(thrown: unknown): Answer | undefined {
  if (!(thrown instanceof Error) || !('$metadata' in thrown)) return undefined;
  const metadata: unknown = thrown.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  const status = metadata.httpStatusCode;
  if (typeof status !== 'number') return undefined;
  return { status, code: thrown.name, message: saidIn(thrown.message) };
}

/** The client has words of its own for an answer without any. */
function saidIn(message: string): string {
  const said = oneLine(message).slice(0, 300);
  return said === '' || said === 'UnknownError' ? 'it says no more' : said;
}

function answerFailure({ status, code, message }: Answer, asked: Asked, cause: unknown): Failure {
  const { display, act } = asked;
  // The client shows what it could not read in the place of a code.
  const found =
    /^[A-Za-z]{3,60}$/.test(code) && !/^Unknown/.test(code) ? `HTTP ${status} ${code}` : `HTTP ${status}`;
  const refused = `${display} refused to ${act} (${found})`;
  if (code === 'NoSuchBucket') {
    return new MissingError({
      problem: `${display} has no such bucket (${found})`,
      cure: 'check the name and the endpoint',
      cause,
    });
  }
  if (
    /^(InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|TokenRefreshRequired)$/.test(code)
  ) {
    const cure = 'check the access key, its secret and the session token';
    return new DeniedError({ setting: 'WHERRY_S3_CREDENTIALS', problem: refused, cure, cause });
  }
  if (/^(RequestTimeTooSkewed|RequestExpired)$/.test(code)) {
    return new DeniedError({ problem: refused, cure: 'set the clock of this machine', cause });
  }
  if (
    status === 301 ||
    /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/.test(code)
  ) {
    return new SettingsError({
      setting: 'WHERRY_S3_REGION',
      problem: `${refused}: ${message}`,
      cure: 'set the region of the bucket',
      cause,
    });
  }
  if (status === 401 || status === 403) {
    const cure =
      'let the credentials s3:GetObject, s3:PutObject and s3:ListBucket there; without the last a missing object is refused too';
    return new DeniedError({ setting: 'WHERRY_S3_CREDENTIALS', problem: refused, cure, cause });
  }
  if (status === 404) {
    return new MissingError({
      problem: `${display} has nothing to ${act} (${found})`,
      cure: 'check the bucket and the endpoint',
      cause,
    });
  }
  if (status >= 500 || status === 408 || status === 429) {
    return new UnreachableError({
      problem: `${display} could not ${act}: ${found}`,
      cure: 'try again: what was uploaded stays',
      cause,
    });
  }
  if (status >= 400)
    return new RefusedError({ problem: `${refused}: ${message}`, cure: 'see what the store says', cause });
  return notStore(asked, found, cause);
}

/** A portal or a proxy may answer 200 to anything. */
export function notStore({ display, act }: Asked, found: string, cause?: unknown): UnreachableError {
  return new UnreachableError({
    setting: 'WHERRY_S3_ENDPOINT',
    problem: `what answered in the place of ${display}, asked to ${act}, is no S3 store: ${found}`,
    cure: 'check the endpoint, and what stands between here and there',
    cause,
  });
}

/** Two writers could then overwrite each other's release, and neither would know. */
export function noConditions(display: string, found: string, cause?: unknown): RefusedError {
  return new RefusedError({
    problem: `${display} cannot compare and swap: ${found}; the pointer was left alone`,
    cure: 'give --no-compare-and-swap if never two writers release at once',
    cause,
  });
}

function connectionFailure(thrown: unknown, asked: Asked): Failure {
  const { display, act } = asked;
  if (isUntrusted(thrown)) {
    return new DeniedError({
      setting: 'WHERRY_S3_CA',
      problem: `the certificate of ${display} is not trusted (${networkWords(thrown)})`,
      cure: 'set WHERRY_S3_CA_FILE to the certificate of the authority that signed it',
      cause: thrown,
    });
  }
  if (
    thrown instanceof SyntaxError ||
    (thrown instanceof Error && /deserializ|parse|XML/i.test(thrown.message))
  ) {
    return notStore(asked, oneLine(thrown.message).slice(0, 200), thrown);
  }
  if (thrown instanceof TypeError || thrown instanceof RangeError) {
    return new UnexpectedError({ problem: `unexpected: ${oneLine(thrown.message)}`, cause: thrown });
  }
  return new UnreachableError({
    setting: 'WHERRY_S3_ENDPOINT',
    problem: `${display} could not be reached to ${act}: ${wordsOf(thrown)}`,
    cure: 'check DNS, network policies and proxies, and try again: what was uploaded stays',
    cause: thrown,
  });
}

function wordsOf(thrown: unknown): string {
  return speaksNoTls(thrown)
    ? 'it does not speak TLS there: is it an http:// address, or another port?'
    : oneLine(networkWords(thrown));
}
