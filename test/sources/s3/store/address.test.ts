import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../../../src/settings/settings.ts';
import { addressOf } from '../../../../src/sources/s3/store/address.ts';

type Variables = Readonly<Record<string, string>>;

function addressFor(bucket: string, settings: Variables = {}, env: Variables = {}) {
  const named = Object.entries(settings).map(([name, value]) => [`WHERRY_S3_${name}`, value]);
  const loaded = loadSettings({
    env: {
      WHERRY_SOURCE: 's3',
      WHERRY_S3_BUCKET: bucket,
      WHERRY_S3_OBJECT: 'key',
      ...Object.fromEntries(named),
    },
    flags: new Map(),
    complete: false,
  });
  return addressOf(loaded.settings, env);
}

/** Scheme, host and path of an object; the region; the style. */
function shape(bucket: string, settings: Variables = {}, env: Variables = {}) {
  const address = addressFor(bucket, settings, env);
  const scheme = address.origin.secure ? 'https' : 'http';
  return `${scheme}://${address.host}${address.path('a/b')} ${address.region} ${address.style}`;
}

const arn = 'arn:aws:s3:eu-west-1:123456789012:accesspoint/point';

describe('an address', () => {
  test.each<[string, string, Variables, Variables, string]>([
    ['AWS', 'bucket', {}, {}, 'https://bucket.s3.us-east-1.amazonaws.com/a/b us-east-1 virtual-host'],
    [
      'the region of the setting before those of the environment',
      'bucket',
      { REGION: 'eu-west-1' },
      { AWS_REGION: 'eu-west-2' },
      'https://bucket.s3.eu-west-1.amazonaws.com/a/b eu-west-1 virtual-host',
    ],
    [
      'AWS_REGION before AWS_DEFAULT_REGION',
      'bucket',
      {},
      { AWS_REGION: 'eu-west-2', AWS_DEFAULT_REGION: 'eu-west-3' },
      'https://bucket.s3.eu-west-2.amazonaws.com/a/b eu-west-2 virtual-host',
    ],
    [
      'China',
      'bucket',
      { REGION: 'cn-north-1' },
      {},
      'https://bucket.s3.cn-north-1.amazonaws.com.cn/a/b cn-north-1 virtual-host',
    ],
    [
      'FIPS and dual stack',
      'bucket',
      { REGION: 'us-gov-west-1' },
      { AWS_USE_FIPS_ENDPOINT: 'true', AWS_USE_DUALSTACK_ENDPOINT: 'TRUE' },
      'https://bucket.s3-fips.dualstack.us-gov-west-1.amazonaws.com/a/b us-gov-west-1 virtual-host',
    ],
    ['dots', 'a.bucket', {}, {}, 'https://s3.us-east-1.amazonaws.com/a.bucket/a/b us-east-1 path'],
    ['capitals', 'Old_Bucket', {}, {}, 'https://s3.us-east-1.amazonaws.com/Old_Bucket/a/b us-east-1 path'],
    [
      'path style, asked for',
      'bucket',
      { PATH_STYLE: 'true' },
      {},
      'https://s3.us-east-1.amazonaws.com/bucket/a/b us-east-1 path',
    ],
    [
      'an access point',
      arn,
      { REGION: 'us-east-1' },
      {},
      'https://point-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/a/b eu-west-1 virtual-host',
    ],
    [
      'an alias of one',
      'point-abcdefgh-s3alias',
      {},
      {},
      'https://point-abcdefgh-s3alias.s3.us-east-1.amazonaws.com/a/b us-east-1 virtual-host',
    ],
    [
      'an endpoint',
      'bucket',
      { ENDPOINT: 'https://store.example:9000' },
      {},
      'https://store.example:9000/bucket/a/b us-east-1 path',
    ],
    [
      'an endpoint with a path',
      'bucket',
      { ENDPOINT: 'http://store.example/s3/' },
      {},
      'http://store.example/s3/bucket/a/b us-east-1 path',
    ],
    [
      'an endpoint with the bucket in its host',
      'bucket',
      { ENDPOINT: 'https://store.example', PATH_STYLE: 'false' },
      {},
      'https://bucket.store.example/a/b us-east-1 virtual-host',
    ],
    [
      'an IPv6 endpoint',
      'bucket',
      { ENDPOINT: 'http://[::1]:9000' },
      {},
      'http://[::1]:9000/bucket/a/b us-east-1 path',
    ],
    [
      'an endpoint of the environment',
      'bucket',
      {},
      { AWS_ENDPOINT_URL: 'http://any.example', AWS_ENDPOINT_URL_S3: 'http://s3.example' },
      'http://s3.example/bucket/a/b us-east-1 path',
    ],
    [
      'endpoints of the environment that are to be ignored',
      'bucket',
      {},
      { AWS_ENDPOINT_URL: 'http://any.example', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' },
      'https://bucket.s3.us-east-1.amazonaws.com/a/b us-east-1 virtual-host',
    ],
  ])('of %s', (_, bucket, settings, env, expected) => {
    expect(shape(bucket, settings, env)).toBe(expected);
  });

  test('is shown with the endpoint where it is not AWS', () => {
    expect(addressFor('bucket').display).toBe('s3://bucket');
    expect(addressFor('bucket', { ENDPOINT: 'https://store.example/s3/' }).display).toBe(
      's3://bucket at https://store.example/s3',
    );
  });

  test('moves with the region on AWS, and only its signature does elsewhere', () => {
    expect(addressFor('bucket').inRegion('eu-west-1').host).toBe('bucket.s3.eu-west-1.amazonaws.com');
    const own = addressFor('bucket', { ENDPOINT: 'https://store.example' }).inRegion('eu-west-1');
    expect([own.host, own.region]).toEqual(['store.example', 'eu-west-1']);
  });
});

describe('what cannot be an address', () => {
  test.each<[string, string, Variables, Variables, RegExp]>([
    ['a directory bucket', 'name--use1-az4--x-s3', {}, {}, /^WHERRY_S3_BUCKET: .* directory bucket/],
    ['a Multi-Region access point', 'mfzwi23gnjvgw.mrap', {}, {}, /^WHERRY_S3_BUCKET: .* version 4A/],
    ['Object Lambda', 'name-abc--ol-s3', {}, {}, /^WHERRY_S3_BUCKET: .* Object Lambda/],
    ['Outposts', 'name-abc--op-s3', {}, {}, /^WHERRY_S3_BUCKET: .* Outposts/],
    ['path style with an access point', arn, { PATH_STYLE: 'true' }, {}, /^WHERRY_S3_PATH_STYLE: /],
    [
      'credentials in an endpoint of the environment',
      'bucket',
      {},
      { AWS_ENDPOINT_URL: 'https://user:secret@store.example' },
      /^AWS_ENDPOINT_URL: (?!.*secret@)/,
    ],
    ['another scheme', 'bucket', {}, { AWS_ENDPOINT_URL: 'ftp://store.example' }, /^AWS_ENDPOINT_URL: /],
    ['no URL', 'bucket', {}, { AWS_ENDPOINT_URL_S3: 'store' }, /^AWS_ENDPOINT_URL_S3: /],
    ['no region', 'bucket', {}, { AWS_REGION: 'eu west' }, /^AWS_REGION: "eu west"/],
    [
      'a customer’s key in the clear',
      'bucket',
      { SSE_C_KEY: Buffer.alloc(32).toString('base64') },
      { AWS_ENDPOINT_URL: 'http://store.example' },
      /^WHERRY_S3_SSE_C_KEY: .* in the clear/,
    ],
  ])('%s', (_, bucket, settings, env, message) => {
    expect(() => addressFor(bucket, settings, env)).toThrow(message);
  });
});

describe('a redirect', () => {
  const own = () => addressFor('bucket', { ENDPOINT: 'https://store.example' });

  test.each([
    [
      'to the same host by TLS',
      'http://store.example',
      'https://store.example/bucket/key',
      'store.example path',
    ],
    ['below the same domain', 'https://store.example', 'https://eu.store.example/', 'eu.store.example path'],
    [
      'to the bucket’s own host',
      'https://store.example',
      'https://bucket.store.example/key',
      'bucket.store.example virtual-host',
    ],
  ])('%s is followed', (_, endpoint, location, expected) => {
    const moved = addressFor('bucket', { ENDPOINT: endpoint }).movedTo(location);
    expect(`${moved?.host} ${moved?.style}`).toBe(expected);
  });

  test('within AWS is followed', () => {
    const moved = addressFor('bucket').movedTo('https://bucket.s3-us-west-2.amazonaws.com/key');
    expect(moved?.host).toBe('bucket.s3-us-west-2.amazonaws.com');
    expect(moved?.path('key')).toBe('/key');
  });

  test.each([
    'https://other.example/bucket',
    'https://store.example.evil.example/',
    'https://notstore.example/',
    'http://store.example/bucket',
    'https://store.example/elsewhere',
    'https://bucket.s3.amazonaws.com/',
    'ftp://store.example/',
  ])('to %s is not followed', (location) => {
    expect(own().movedTo(location)).toBeUndefined();
  });
});
