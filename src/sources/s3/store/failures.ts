import { DeniedError, type Failure, MissingError, type UnreachableError } from '../../../failure/failure.ts';
import { type Asked, objectOf, tries, unreachable } from './asked.ts';
import { notS3, proxyRefused } from './connection-failures.ts';
import { type ErrorAnswer, excerpt } from './error-answer.ts';

/** What an answer that is no success means. */
export function answerFailure(answer: ErrorAnswer, asked: Asked): Failure {
  return (
    byCode(answer, asked) ??
    byStatus(answer, asked) ??
    unreachable(
      asked,
      `${objectOf(asked)}: ${evidence(answer)}${tries(asked)}`,
      'the store should recover, or the address is another one’s',
    )
  );
}

function byCode(answer: ErrorAnswer, asked: Asked): Failure | undefined {
  switch (answer.code) {
    case 'NoSuchBucket':
      return missing(
        'WHERRY_S3_BUCKET',
        `${asked.display} does not exist`,
        asked.isAws ? 'check its name' : 'check its name, and WHERRY_S3_ENDPOINT',
      );
    case 'NoSuchKey':
      return missingKey(answer, asked);
    case 'NoSuchVersion':
      return missingVersion(answer, asked);
    case 'SignatureDoesNotMatch':
      return denied(
        `${asked.display} refused the signature (${answer.words}) of the credentials from ${asked.credentials}: the secret access key is not the one of this access key`,
        'correct it; a proxy that changes requests on their way has the same effect',
      );
    case 'InvalidAccessKeyId':
      return denied(
        `${asked.display} does not know the access key (${answer.words}) from ${asked.credentials}`,
        'check that it is of this store, and still active',
      );
    case 'ExpiredToken':
    case 'InvalidToken':
    case 'TokenRefreshRequired':
      return denied(
        `${asked.display} refused the session token (${answer.words}) from ${asked.credentials}`,
        'it has expired, or is of other credentials; renew all three',
      );
    case 'RequestTimeTooSkewed':
      return denied(
        `${asked.display} refused the time of the request (${answer.words})`,
        'set the node’s clock right',
      );
    case 'InvalidObjectState':
      return unreachable(
        asked,
        `${objectOf(asked)} is in an archive class (${answer.details.get('StorageClass') ?? 'Glacier'}), and cannot be read`,
        'restore it, or store it in another class',
        asked.setting,
      );
    case 'KMS.DisabledException':
    case 'KMS.NotFoundException':
    case 'KMS.KMSInvalidStateException':
      return new DeniedError({
        setting: setting(asked.setting),
        problem: `${objectOf(asked)} is encrypted with a KMS key that cannot be used (${answer.code})`,
        cure: 'enable the key',
      });
    default:
      return undefined;
  }
}

function byStatus(answer: ErrorAnswer, asked: Asked): Failure | undefined {
  if (answer.headers['x-amz-delete-marker'] === 'true') return missingKey(answer, asked);
  switch (answer.status) {
    case 301:
    case 302:
    case 307:
    case 308:
      return redirected(answer, asked);
    case 400:
      return badRequest(answer, asked);
    case 401:
    case 403:
      return forbidden(answer, asked);
    case 404:
      if (answer.foreign !== undefined) return notS3(asked, `${evidence(answer)}`);
      return asked.key === undefined
        ? missing('WHERRY_S3_BUCKET', `${asked.display} does not exist (HTTP 404)`, 'check its name')
        : missingKey(answer, asked);
    case 407:
      return proxyRefused(asked);
    default:
      return undefined;
  }
}

function missingKey(answer: ErrorAnswer, asked: Asked): MissingError {
  if (answer.headers['x-amz-delete-marker'] === 'true') {
    return missing(
      asked.setting,
      `${objectOf(asked)} was deleted: there is a delete marker in its place`,
      'put it again, or remove the marker',
    );
  }
  // Not every store tells that the object itself is there.
  if (asked.versionId !== undefined) return missingVersion(answer, asked);
  return missing(
    asked.setting,
    `${objectOf(asked)} does not exist`,
    'check the key, which has no / at its start unless the object has',
  );
}

function missingVersion({ words }: ErrorAnswer, asked: Asked): MissingError {
  const id = asked.versionId === undefined ? 'such version' : `version ${JSON.stringify(asked.versionId)}`;
  return missing(
    asked.setting,
    `${objectOf(asked)} has no ${id} (${words})`,
    'check the version id, and the key',
  );
}

function forbidden(answer: ErrorAnswer, asked: Asked): Failure {
  if (answer.foreign !== undefined) {
    return new DeniedError({
      setting: 'WHERRY_S3_ENDPOINT',
      problem: `${asked.display} was asked and no S3 store refused: ${evidence(answer)}`,
      cure: 'check what proxy or firewall answers in its place',
    });
  }
  const { credentials, key } = asked;
  const customerKey = asked.hasCustomerKey ? ', or WHERRY_S3_SSE_C_KEY is not the object’s' : '';
  const what =
    key === undefined
      ? 'was refused'
      : 'was refused, or it is missing and s3:ListBucket is not allowed, without which the store does not say so';
  if (credentials === undefined) {
    return new DeniedError({
      setting: 'WHERRY_S3_CREDENTIALS',
      problem: `${objectOf(asked)} ${what} (${answer.words}); the request was not signed${customerKey}`,
      cure: 'set credentials, or let the bucket’s policy allow everybody to read it',
    });
  }
  return denied(
    `${objectOf(asked)} ${what} (${answer.words}); the credentials were those from ${credentials}${customerKey}${said(answer)}`,
    key === undefined ? 'allow them to list the bucket' : 'allow them s3:GetObject on it',
  );
}

const ofEncryption =
  /server.?side encryption|encryption (method|parameters|key)|customer.?(provided|algorithm|key)/i;

function badRequest(answer: ErrorAnswer, asked: Asked): Failure {
  const text = answer.details.get('Message') ?? '';
  if (answer.code === 'AuthorizationHeaderMalformed') return wrongRegion(answer, asked);
  if (asked.hasCustomerKey || ofEncryption.test(text)) return wrongCustomerKey(answer, asked);
  if (/version/i.test(text)) {
    return missingVersion(answer, asked);
  }
  return unreachable(
    asked,
    `${objectOf(asked)}: ${evidence(answer)}`,
    'check the address, the region and WHERRY_S3_PATH_STYLE',
  );
}

function wrongCustomerKey(answer: ErrorAnswer, asked: Asked): DeniedError {
  const [problem, cure] = asked.hasCustomerKey
    ? [
        `the key does not open ${objectOf(asked)} (${answer.words})${said(answer)}`,
        'set the key that the object was put with, and none for objects without one',
      ]
    : [`${objectOf(asked)} is encrypted with a customer’s key (${answer.words}), and none is set`, 'set it'];
  return new DeniedError({ setting: 'WHERRY_S3_SSE_C_KEY', problem, cure });
}

function redirected(answer: ErrorAnswer, asked: Asked): UnreachableError {
  const location = answer.headers.location ?? answer.details.get('Endpoint');
  if (location === undefined) return wrongRegion(answer, asked);
  return unreachable(
    asked,
    `${asked.display} redirects to ${excerpt(originOf(location))} (${answer.words}), where this does not follow`,
    'set WHERRY_S3_ENDPOINT and WHERRY_S3_REGION to where the bucket is',
  );
}

/** A redirect’s own query may hold anything. */
function originOf(location: string): string {
  return URL.canParse(location) ? new URL(location).origin : (location.split('?', 1)[0] ?? '');
}

function wrongRegion(answer: ErrorAnswer, asked: Asked): UnreachableError {
  return unreachable(
    asked,
    `${asked.display} is not in the region ${asked.region} (${answer.words})${said(answer)}`,
    'set it to the region of the bucket, and check WHERRY_S3_ENDPOINT',
    'WHERRY_S3_REGION',
  );
}

function evidence(answer: ErrorAnswer): string {
  return `${answer.words}${answer.foreign === undefined ? said(answer) : ` “${answer.foreign}”`}`;
}

function said({ details }: ErrorAnswer): string {
  const message = details.get('Message') ?? '';
  return message === '' ? '' : ` “${excerpt(message)}”`;
}

function setting(name: string | undefined): string {
  return name ?? 'WHERRY_S3_BUCKET';
}

function missing(name: string | undefined, problem: string, cure: string): MissingError {
  return new MissingError({ setting: setting(name), problem, cure });
}

function denied(problem: string, cure: string): DeniedError {
  return new DeniedError({ setting: 'WHERRY_S3_CREDENTIALS', problem, cure });
}
