import { UnreachableError } from '../../../failure/failure.ts';

/** What was asked for, and with what: all that a message about the answer needs. No secret is in it. */
export interface Asked {
  /** `s3://bucket at https://endpoint`. */
  readonly display: string;
  readonly isAws: boolean;
  /** The host that was asked, where the bucket is in its name. */
  readonly bucketHost: string | undefined;
  /** The variable that would name a proxy on the way. */
  readonly proxy: string;
  readonly region: string;
  /** Undefined = the bucket itself. */
  readonly key: string | undefined;
  /** The version of the object, where one was named. */
  readonly versionId: string | undefined;
  /** What named the key. */
  readonly setting: string | undefined;
  /** The credentials in words; undefined = the request was not signed. */
  readonly credentials: string | undefined;
  /** Whether a customer's key was sent along. */
  readonly hasCustomerKey: boolean;
  /** So many times it was asked. */
  readonly attempts: number;
}

/** Quoted, so that spaces and control characters show. */
export function objectOf({ key, display }: Pick<Asked, 'key' | 'display'>): string {
  return key === undefined ? display : `the object ${JSON.stringify(key)} in ${display}`;
}

/** Empty for one attempt. */
export function tries({ attempts }: Asked): string {
  return attempts > 1 ? `, after ${attempts} attempts` : '';
}

export function unreachable(
  { isAws }: Asked,
  problem: string,
  cure: string,
  name?: string,
  cause?: unknown,
): UnreachableError {
  return new UnreachableError({
    setting: name ?? (isAws ? 'WHERRY_S3_BUCKET' : 'WHERRY_S3_ENDPOINT'),
    problem,
    cure,
    cause,
  });
}
