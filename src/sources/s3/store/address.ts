import { SettingsError } from '../../../failure/failure.ts';
import { hostOf, isLoopback } from '../../../platform/hosts.ts';
import type { Origin } from '../../../platform/http/exchange.ts';
import type { BucketName } from '../../../settings/s3-kinds.ts';
import type { Settings } from '../../../settings/schema.ts';
import { type AwsHost, awsHost, isAwsHost, unsupportedKind } from './aws-hosts.ts';
import { type Endpoint, endpointOf, flag, regionOf } from './endpoint.ts';
import { encodePath } from './sigv4.ts';

export type UrlStyle = 'path' | 'virtual-host';

interface Parts {
  readonly display: string;
  readonly bucket: BucketName;
  readonly region: string;
  readonly style: UrlStyle;
  readonly isAws: boolean;
  readonly origin: Origin;
  /** The store's own host, without the bucket. */
  readonly domain: string;
  /** A path that the endpoint itself has, without a slash at its end. */
  readonly basePath: string;
  /** How AWS's host follows from a region; undefined with an endpoint. */
  readonly awsHost: ((region: string) => string) | undefined;
}

/** Where a bucket is: the host, the region that is signed for, and how a key becomes a path. */
export class Address {
  readonly #parts: Parts;
  /** The value of the `Host` header. */
  readonly host: string;
  readonly #root: string;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { hostname, port } = parts.origin;
    const name = hostname.includes(':') ? `[${hostname}]` : hostname;
    this.host = port === undefined ? name : `${name}:${port}`;
    this.#root = parts.style === 'path' ? `${parts.basePath}/${parts.bucket.text}` : parts.basePath;
  }

  /** `s3://bucket`, with the endpoint where it is not AWS. */
  get display(): string {
    return this.#parts.display;
  }

  get region(): string {
    return this.#parts.region;
  }

  get style(): UrlStyle {
    return this.#parts.style;
  }

  get isAws(): boolean {
    return this.#parts.isAws;
  }

  get origin(): Origin {
    return this.#parts.origin;
  }

  /** The path of an object, or of the bucket itself. */
  path(key: string | undefined): string {
    if (key !== undefined) return `${this.#root}/${encodePath(key)}`;
    return this.#root === '' ? '/' : this.#root;
  }

  /** The same bucket in another region. */
  inRegion(region: string): Address {
    const { awsHost: hostIn, origin } = this.#parts;
    const moved = hostIn === undefined ? origin : { ...origin, hostname: hostIn(region) };
    return new Address({ ...this.#parts, region, origin: moved });
  }

  /** Where a redirect leads; undefined where it must not be followed: to another domain, out of TLS, or to nowhere new. */
  movedTo(location: string): Address | undefined {
    const base = `${this.origin.secure ? 'https' : 'http'}://${this.host}/`;
    if (!URL.canParse(location, base)) return undefined;
    const url = new URL(location, base);
    const { bucket, origin, domain, isAws } = this.#parts;
    const secure = url.protocol === 'https:';
    if (!secure && (origin.secure || url.protocol !== 'http:')) return undefined;
    const hostname = hostOf(url);
    const isOurs = hostname === domain || hostname.endsWith(`.${domain}`);
    if (!isOurs && !(isAws && isAwsHost(hostname))) return undefined;
    const port = url.port === '' ? undefined : Number(url.port);
    if (hostname === origin.hostname && port === origin.port && secure === origin.secure) return undefined;
    const label = `${hostLabel(bucket).toLowerCase()}.`;
    const isInHost = hostname === `${label}${domain}` || (isAws && hostname.startsWith(`${label}s3`));
    const style = isInHost ? 'virtual-host' : 'path';
    return new Address({ ...this.#parts, style, origin: { secure, hostname, port } });
  }
}

/** The address that the settings and the environment give a bucket. Throws `SettingsError`. */
export function addressOf(settings: Settings, env: NodeJS.ProcessEnv): Address {
  const bucket = settings.s3Bucket;
  if (bucket === undefined) {
    throw new SettingsError({ setting: 'WHERRY_S3_BUCKET', problem: 'required with WHERRY_SOURCE=s3' });
  }
  const unsupported = unsupportedKind(bucket.text);
  if (unsupported !== undefined) {
    throw new SettingsError({ setting: 'WHERRY_S3_BUCKET', problem: `"${bucket.text}" is ${unsupported}` });
  }
  const endpoint = endpointOf(settings, env);
  refuseKeyInTheClear(settings, endpoint);
  const region = bucket.accessPoint?.region ?? regionOf(settings, env);
  const style = styleOf(bucket, settings.s3PathStyle, endpoint);
  const parts = { bucket, region, style };
  return endpoint === undefined
    ? atAws(parts, {
        fips: flag(env, 'AWS_USE_FIPS_ENDPOINT'),
        dualStack: flag(env, 'AWS_USE_DUALSTACK_ENDPOINT'),
      })
    : atEndpoint(parts, endpoint);
}

type Common = Pick<Parts, 'bucket' | 'region' | 'style'>;

function atAws(common: Common, flags: Pick<AwsHost, 'fips' | 'dualStack'>): Address {
  const { bucket, region, style } = common;
  const label = style === 'path' ? undefined : hostLabel(bucket);
  const hostIn = (other: string) =>
    awsHost({ ...flags, label, region: other, isAccessPoint: bucket.accessPoint !== undefined });
  return new Address({
    ...common,
    display: `s3://${bucket.text}`,
    isAws: true,
    origin: { secure: true, hostname: hostIn(region), port: undefined },
    domain: awsHost({ ...flags, label: undefined, region, isAccessPoint: false }),
    basePath: '',
    awsHost: hostIn,
  });
}

function atEndpoint(common: Common, { url }: Endpoint): Address {
  const { bucket, style } = common;
  const hostname = hostOf(url);
  return new Address({
    ...common,
    display: `s3://${bucket.text} at ${url.origin}${pathOf(url)}`,
    isAws: isAwsHost(hostname),
    origin: {
      secure: url.protocol === 'https:',
      hostname: style === 'path' ? hostname : `${hostLabel(bucket)}.${hostname}`,
      port: url.port === '' ? undefined : Number(url.port),
    },
    domain: hostname,
    basePath: pathOf(url),
    awsHost: undefined,
  });
}

function pathOf(url: URL): string {
  return url.pathname.replace(/\/+$/, '');
}

/** What stands before the store's own host. */
function hostLabel({ text, accessPoint }: BucketName): string {
  return accessPoint === undefined ? text : `${accessPoint.name}-${accessPoint.account}`;
}

function styleOf(bucket: BucketName, setting: boolean | undefined, endpoint: Endpoint | undefined): UrlStyle {
  if (bucket.accessPoint !== undefined) {
    if (setting !== true) return 'virtual-host';
    throw new SettingsError({
      setting: 'WHERRY_S3_PATH_STYLE',
      problem: 'an access point is reached by its own host name only',
      cure: 'leave it out',
    });
  }
  const isPath = setting ?? (endpoint !== undefined || !/^[a-z0-9][a-z0-9-]*$/.test(bucket.text));
  return isPath ? 'path' : 'virtual-host';
}

function refuseKeyInTheClear({ s3SseCKey }: Settings, endpoint: Endpoint | undefined): void {
  if (s3SseCKey === undefined || endpoint === undefined) return;
  if (endpoint.url.protocol === 'https:' || isLoopback(hostOf(endpoint.url))) return;
  throw new SettingsError({
    setting: 'WHERRY_S3_SSE_C_KEY',
    problem: `the key would go to ${endpoint.url.origin} in the clear`,
    cure: 'use an https:// endpoint',
  });
}
