export interface AwsHost {
  /** The bucket, or an access point with its account; undefined = the bucket is in the path. */
  readonly label: string | undefined;
  readonly region: string;
  readonly isAccessPoint: boolean;
  readonly fips: boolean;
  readonly dualStack: boolean;
}

/** The host of S3 in a region of AWS. */
export function awsHost({ label, region, isAccessPoint, fips, dualStack }: AwsHost): string {
  const service = `${isAccessPoint ? 's3-accesspoint' : 's3'}${fips ? '-fips' : ''}`;
  const parts = [label, service, dualStack ? 'dualstack' : undefined, region, suffixOf(region)];
  return parts.filter((part) => part !== undefined).join('.');
}

/** The partitions' domains, by how their regions start. */
const suffixes: readonly (readonly [string, string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
];

function suffixOf(region: string): string {
  return suffixes.find(([start]) => region.startsWith(start))?.[1] ?? 'amazonaws.com';
}

/** True for hosts of AWS's own domains. */
export function isAwsHost(hostname: string): boolean {
  const domains = ['amazonaws.com', ...suffixes.map(([, suffix]) => suffix)];
  return domains.some((domain) => hostname.endsWith(`.${domain}`));
}

const unsupported: readonly (readonly [RegExp, string])[] = [
  [
    /--x-s3$|--xa-s3$/,
    'a directory bucket, whose sessions and ETags are of another kind; use a general purpose bucket',
  ],
  [
    /\.mrap$/,
    'a Multi-Region access point, which needs signatures of version 4A; name the bucket, or an access point of one region',
  ],
  [
    /--ol-s3$/,
    'an Object Lambda access point, whose answers have no ETag to poll by; name the access point behind it',
  ],
  [/--op-s3$/, 'an access point of S3 on Outposts, which is another service; use a bucket of a region'],
  [/--table-s3$/, 'a table bucket, which holds no objects of yours; use a general purpose bucket'],
];

/** Why a name that AWS made for something else than a bucket or an access point cannot be used. */
export function unsupportedKind(name: string): string | undefined {
  return unsupported.find(([pattern]) => pattern.test(name))?.[1];
}
