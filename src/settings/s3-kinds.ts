import type { Kind } from './kinds.ts';

/** A bucket by its name, or by an access point's ARN or alias. */
export interface BucketName {
  /** As the user wrote it; an alias is a name like any other. */
  readonly text: string;
  readonly accessPoint: AccessPoint | undefined;
}

export interface AccessPoint {
  /** `aws`, `aws-cn`, `aws-us-gov`. */
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly name: string;
}

const arn = /^arn:(aws[a-z-]*):s3:([a-z0-9-]+):(\d{12}):accesspoint[/:]([a-z0-9][a-z0-9-]{1,48}[a-z0-9])$/;

export const bucketName: Kind<BucketName> = {
  expected: 'the name of a bucket, or the ARN or alias of an access point of one region',
  parse: (value) => {
    const [, partition = '', region = '', account = '', name = ''] = arn.exec(value) ?? [];
    if (name !== '') return { text: value, accessPoint: { partition, region, account, name } };
    // Old buckets and other stores have capitals and underscores.
    const isName = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(value) && !value.includes('..');
    return isName ? { text: value, accessPoint: undefined } : undefined;
  },
};

/** The key of one object. */
export const objectKey: Kind<string> = {
  expected: 'the key of one object: no s3:// address, no / at the end, 1024 bytes at most',
  parse: (value) => (isKey(value) && !value.endsWith('/') ? value : undefined),
};

/** What the name of an archive ends in; each is of one format. */
export const archiveEndings = ['.tar', '.tar.gz', '.tgz', '.tar.zst', '.tzst', '.zip'] as const;

/** The key of an archive: its name says what it is. */
export const archiveKey: Kind<string> = {
  expected: `the key of one object that ends in ${archiveEndings.slice(0, -1).join(', ')} or ${archiveEndings.at(-1)}`,
  parse: (value) => {
    const name = value.toLowerCase();
    return archiveEndings.some((ending) => name.endsWith(ending)) ? objectKey.parse(value) : undefined;
  },
};

/** `conf` and `conf/` → `conf/`; `/` → `` (the whole bucket). */
export const keyPrefix: Kind<string> = {
  expected: 'a key prefix such as path/, or / for the whole bucket',
  parse: (value) => {
    if (value === '/') return '';
    if (!isKey(value)) return undefined;
    return value.endsWith('/') ? value : `${value}/`;
  },
};

function isKey(value: string): boolean {
  return (
    value !== '' && !/^s3:\/\//i.test(value) && !value.includes('\0') && Buffer.byteLength(value) <= 1024
  );
}

/** A customer's key: 32 bytes. */
export const sseCustomerKey: Kind<Buffer> = {
  expected: 'a key of 32 bytes in base64',
  parse: (value) => {
    const bytes = Buffer.from(value, 'base64');
    return bytes.byteLength === 32 && bytes.toString('base64') === value.trim() ? bytes : undefined;
  },
};

export const region: Kind<string> = {
  expected: 'a region such as eu-central-1',
  parse: (value) => (/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(value) ? value : undefined),
};

/** A time with its zone, as the state of a versioned prefix is named by. Milliseconds since 1970. */
export function parseTime(text: string): number | undefined {
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  const time = isTime ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
