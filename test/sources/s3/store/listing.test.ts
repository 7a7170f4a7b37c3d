import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnreachableError } from '../../../../src/failure/failure.ts';
import { listObjects } from '../../../../src/sources/s3/store/listing.ts';
import type { FetchPage, ListOptions } from '../../../../src/sources/s3/store/paging.ts';
import type { ListedObject } from '../../../../src/sources/s3/store/store.ts';
import { listVersions } from '../../../../src/sources/s3/store/versions.ts';
import { more, object, options, type PageParts, page, server, time } from './listing-pages.ts';

const { signal } = new AbortController();

async function list(
  documents: readonly string[],
  changes: Partial<ListOptions> = {},
): Promise<ListedObject[]> {
  const { fetchPage } = server(documents);
  const found: ListedObject[] = [];
  for await (const objects of listObjects(fetchPage, { ...options, ...changes }, signal))
    found.push(...objects);
  return found;
}

async function keysOf(documents: readonly string[], changes?: Partial<ListOptions>): Promise<string[]> {
  return (await list(documents, changes)).map(({ key }) => key);
}

describe('a listing', () => {
  test('has every object of every page', async () => {
    const { asked, fetchPage } = server([
      page({ keys: ['conf/a', 'conf/b'], fields: more('t+1=') }),
      page({ fields: more('t2') }),
      page({
        contents: object('conf/c', '<StorageClass>GLACIER</StorageClass><Owner><ID>x</ID></Owner>'),
        fields: '<KeyCount>1</KeyCount>',
      }),
    ]);
    const found: ListedObject[] = [];
    for await (const objects of listObjects(fetchPage, options, signal)) found.push(...objects);
    expect(found.map(({ key }) => key)).toEqual(['conf/a', 'conf/b', 'conf/c']);
    expect(found[2]).toMatchObject({
      etag: 'e1',
      size: 5,
      lastModified: new Date(time),
      storageClass: 'GLACIER',
    });
    expect(found[0]?.storageClass).toBeUndefined();
    const query = { 'list-type': '2', prefix: 'conf/', 'encoding-type': 'url', 'max-keys': '1000' };
    expect(asked).toEqual([
      query,
      { ...query, 'continuation-token': 't+1=' },
      { ...query, 'continuation-token': 't2' },
    ]);
  });

  test('of nothing is empty', async () => {
    expect(await list([page({})])).toEqual([]);
  });

  test('takes ETags without quotes, and weak ones', async () => {
    const written = ['"e1"', 'W/&quot;e1&quot;', 'e1'].map((etag, index) =>
      object(`conf/${index}`).replace('&quot;e1&quot;', etag),
    );
    const found = await list([page({ contents: written.join(''), fields: '<KeyCount>3</KeyCount>' })]);
    expect(found.map(({ etag }) => etag)).toEqual(['e1', 'e1', 'e1']);
  });

  test('decodes its keys once, where it says that they are encoded, even behind them', async () => {
    const key = 'conf/a+b%2Bc%20d%252F%0D%C3%A9';
    const before = page({ keys: [key], fields: '<EncodingType>url</EncodingType>' });
    const behind = page({ keys: [key] }).replace(
      '</ListBucketResult>',
      '<EncodingType>url</EncodingType></ListBucketResult>',
    );
    expect(await keysOf([before])).toEqual(['conf/a b+c d%2F\ré']);
    expect(await keysOf([behind])).toEqual(['conf/a b+c d%2F\ré']);
  });

  test('leaves keys as they are where it does not say so', async () => {
    expect(await keysOf([page({ keys: ['conf/plus+', 'conf/pct%2F', 'conf/a&#13;&amp;b'] })])).toEqual([
      'conf/plus+',
      'conf/pct%2F',
      'conf/a\r&b',
    ]);
  });

  test('makes a key that is not UTF-8 one that is not well-formed', async () => {
    const fields = '<EncodingType>url</EncodingType>';
    const [key = ''] = await keysOf([page({ keys: ['conf/caf%E9+%C3%A9'], fields })]);
    expect(key).toBe('conf/caf\uDCE9 é');
    expect(key.isWellFormed()).toBe(false);
  });

  test('decodes what any store encodes', async () => {
    const encodings = [
      (key: string) => encodeURIComponent(key).replaceAll('%20', '+'),
      (key: string) => encodeURIComponent(key).replaceAll('%2F', '/'),
      (key: string) =>
        Buffer.from(key)
          .toString('hex')
          .replace(/../g, (digits) => `%${digits}`),
    ];
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.constantFrom(...encodings), async (rest, encode) => {
        fc.pre(rest.isWellFormed());
        const key = `conf/${rest}`;
        const fields = '<EncodingType>url</EncodingType>';
        expect(await keysOf([page({ keys: [encode(key).replaceAll('&', '&amp;')], fields })])).toEqual([key]);
      }),
    );
  });

  test('may be of a bucket without a name, or of any where that is not checked', async () => {
    expect(await list([page({ name: '' })])).toEqual([]);
    expect(await list([page({ name: '<Name>other</Name>' })], { bucket: undefined })).toEqual([]);
  });

  test('of a store that knows only the first version of the call goes on after its marker or last key', async () => {
    const first = '<Marker/><IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>';
    const old = (parts: PageParts) => page(parts).replace(/<KeyCount>\d+<\/KeyCount>/, '');
    const { asked, fetchPage } = server([
      old({ keys: ['conf/a', 'conf/b+b'], fields: first }),
      old({ keys: ['conf/c'], fields: `${first}<NextMarker>conf/c%2Bx</NextMarker>` }),
      old({ keys: ['conf/d'], fields: '<Marker>conf/c</Marker>' }),
    ]);
    const keys: string[] = [];
    for await (const objects of listObjects(fetchPage, options, signal)) {
      keys.push(...objects.map(({ key }) => key));
    }
    expect(keys).toEqual(['conf/a', 'conf/b b', 'conf/c', 'conf/d']);
    expect(asked.map(({ marker }) => marker)).toEqual([undefined, 'conf/b b', 'conf/c+x']);
    expect(asked[1]).not.toHaveProperty('list-type');
  });

  test('ends with the failure of a page, and asks for no more than its reader takes', async () => {
    const { asked, fetchPage } = server([page({ keys: ['conf/a'], fields: more('t') }), page({})]);
    for await (const _ of listObjects(fetchPage, options, signal)) break;
    expect(asked).toHaveLength(1);
    const failure = new UnreachableError({ problem: 'gone' });
    const failing = listObjects(() => Promise.reject(failure), options, signal);
    await expect(failing.next()).rejects.toBe(failure);
  });
});

describe('what is no listing is refused, and never an empty bucket:', () => {
  test.each<[string, readonly string[], string]>([
    ['an empty body', [''], 'an empty body'],
    ['an HTML page', ['<!DOCTYPE html>\n<html><body>Sign in</body></html>'], 'an HTML page'],
    ['an XHTML page', ['<?xml version="1.0"?><html xmlns="x"><body/></html>'], 'an HTML page'],
    ['JSON', ['{"ok":true}'], 'text between the elements'],
    [
      'an error',
      ['<Error><Code>InternalError</Code><Message>try again</Message></Error>'],
      'InternalError: try again',
    ],
    ['another document', ['<ListAllMyBucketsResult></ListAllMyBucketsResult>'], '<ListAllMyBucketsResult>'],
    ['a page that is cut short', [page({ keys: ['conf/a'] }).slice(0, -30)], 'cut short'],
    ['another bucket', [page({ name: '<Name>other</Name>' })], '"other"'],
    ['an empty result', ['<ListBucketResult/>'], 'whether more follows'],
    ['no IsTruncated', [page({}).replace(/<IsTruncated>false<\/IsTruncated>/, '')], 'whether more follows'],
    [
      'an IsTruncated that is neither',
      [page({ fields: '<IsTruncated>perhaps</IsTruncated>' })],
      'whether more follows',
    ],
    [
      'more without a token',
      [page({ keys: ['conf/a'], fields: '<IsTruncated>true</IsTruncated>' })],
      'not where',
    ],
    ['more with an empty token', [page({ keys: ['conf/a'], fields: more('') })], 'not where'],
    [
      'a token that comes again',
      [page({ fields: more('t') }), page({ fields: more('u') }), page({ fields: more('t') })],
      'was before',
    ],
    ['a count that is no number', [page({ fields: '<KeyCount>many</KeyCount>' })], 'KeyCount "many"'],
    ['a count of other keys', [page({ keys: ['conf/a'], fields: '<KeyCount>2</KeyCount>' })], 'KeyCount "2"'],
    [
      'a field twice',
      [page({ fields: '<EncodingType>url</EncodingType><EncodingType/>' })],
      'EncodingType twice',
    ],
    [
      'a key of elsewhere',
      [page({ keys: ['conf/a', 'config/b'] })],
      '"config/b" does not start with "conf/"',
    ],
    ['a key twice in a page', [page({ keys: ['conf/b', 'conf/a', 'conf/b'] })], '"conf/b" twice'],
    [
      'a key again in a later page',
      [page({ keys: ['conf/a', 'conf/b'], fields: more('t') }), page({ keys: ['conf/a'] })],
      '"conf/a" twice',
    ],
    [
      'groups of keys',
      [page({ fields: '<CommonPrefixes><Prefix>conf/</Prefix></CommonPrefixes>' })],
      'groups keys',
    ],
    ['another encoding', [page({ fields: '<EncodingType>base64</EncodingType>' })], '"base64"'],
    [
      'a key that is not encoded as it says',
      [page({ keys: ['conf/100%'], fields: '<EncodingType>url</EncodingType>' })],
      'not encoded',
    ],
    [
      'an object without a key',
      [page({ contents: '<Contents><Size>1</Size></Contents>', fields: '<KeyCount>1</KeyCount>' })],
      'without a key',
    ],
    [
      'an object with two keys',
      [page({ contents: object('conf/a', '<Key>conf/b</Key>'), fields: '<KeyCount>1</KeyCount>' })],
      'Key twice',
    ],
    [
      'an object without an ETag',
      [page({ keys: ['conf/a'] }).replace(/<ETag>.*?<\/ETag>/, '')],
      'no ETag of the key "conf/a"',
    ],
    [
      'an object without a size',
      [page({ keys: ['conf/a'] }).replace('<Size>5<', '<Size>-1<')],
      'no size of the key "conf/a"',
    ],
    [
      'an object without a time',
      [page({ keys: ['conf/a'] }).replace(time, 'yesterday')],
      'no time of the key "conf/a"',
    ],
  ])('%s', async (_, documents, said) => {
    const failure = await list(documents).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(UnreachableError);
    expect(String(failure)).toContain('s3://cfg was asked to list "conf/" and answered an HTTP 200');
    expect(String(failure)).toContain(said);
  });

  test('pages without an end', async () => {
    const endless: FetchPage = async ({ 'continuation-token': token = '0' }) =>
      Buffer.from(page({ fields: more(String(Number(token) + 1)) }));
    const reading = async () => {
      for await (const _ of listObjects(endless, { ...options, maxPages: 20 }, signal));
    };
    await expect(reading()).rejects.toThrow('20 pages came and no end');
  });

  test('any page that is changed anywhere, or it is the same listing still', async () => {
    const whole = page({ keys: ['conf/a', 'conf/b'], fields: '<EncodingType>url</EncodingType>' });
    const keys = ['conf/a', 'conf/b'];
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.constantFrom('', '<', '>', '/', '&', '\0'),
        async (at, put) => {
          const found = await keysOf([whole.slice(0, at) + put + whole.slice(at + 1)]).catch(
            (error: unknown) => error,
          );
          if (found instanceof Error) expect(found).toBeInstanceOf(UnreachableError);
          else expect((found as string[]).length).toBe(keys.length);
        },
      ),
    );
  });
});

describe('an object', () => {
  const text = fc.constantFrom(
    'conf/a',
    'conf/%20+',
    'e1',
    'W/e1',
    '"e1"',
    '5',
    '',
    time,
    '&quot;e1&quot;',
    '&amp;',
    '>',
  );
  const element = fc
    .tuple(
      fc.constantFrom('Key', 'LastModified', 'ETag', 'Size', 'StorageClass', 'ChecksumType', 'Type'),
      text,
    )
    .map(([name, inner]) => `<${name}>${inner}</${name}>`);
  const usual = fc
    .record({
      key: fc.constantFrom('conf/a', 'conf/%2B+', 'conf/>', 'conf/&amp;', ''),
      etag: fc.constantFrom(
        '"e1"',
        '&quot;e1&quot;',
        '&quot;e1-2"',
        '"W/e1"',
        '&quot;&quot;',
        'W/"e1"',
        'e1',
      ),
      size: fc.constantFrom('5', '0', '-1', '9999999999999999', ''),
      date: fc.constantFrom(time, '2026-11-22T23:59:59Z', '2026-13-01T00:00:00Z', ''),
      extra: fc.constantFrom(
        '',
        '<ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>',
      ),
      rest: fc.constantFrom(
        '',
        '<StorageClass>GLACIER</StorageClass><Type>Normal</Type>',
        '<Type>Normal</Type>',
      ),
    })
    .map(
      ({ key, etag, size, date, extra, rest }) =>
        `<Key>${key}</Key><LastModified>${date}</LastModified><ETag>${etag}</ETag>${extra}<Size>${size}</Size>${rest}`,
    );

  test('is the same whether it is read in one step or, for the space in it, element by element', async () => {
    const outcome = async (contents: string) => {
      const fields = '<KeyCount>1</KeyCount><EncodingType>url</EncodingType>';
      try {
        return await list([page({ contents: `<Contents>${contents}</Contents>`, fields })]);
      } catch (error) {
        return (error as Error).message.replace(/ at character \d+/, '');
      }
    };
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          usual,
          fc.array(element).map((all) => all.join('')),
        ),
        async (contents) => {
          expect(await outcome(contents)).toEqual(await outcome(` ${contents}`));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a listing of versions', () => {
  const version = (key: string, id: string, more = '') =>
    `<Version><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>true</IsLatest><LastModified>${time}</LastModified><ETag>"e"</ETag><Size>5</Size>${more}</Version>`;
  const mark = (key: string, id: string) =>
    `<DeleteMarker><Key>${key}</Key><VersionId>${id}</VersionId><LastModified>${time}</LastModified></DeleteMarker>`;
  const result = (inner: string, isTruncated = false) =>
    `<ListVersionsResult><Name>cfg</Name><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>${inner}</ListVersionsResult>`;

  async function versionsOf(documents: readonly string[]) {
    const { asked, fetchPage } = server(documents);
    const found: string[] = [];
    for await (const versions of listVersions(fetchPage, options, signal)) {
      found.push(
        ...versions.map((item) => `${item.key} ${item.versionId}${item.isDeleteMarker ? ' deleted' : ''}`),
      );
    }
    return { asked, found };
  }

  test('has versions and marks of deletions in the order of the store, page by page', async () => {
    const next = '<NextKeyMarker>conf/a+a</NextKeyMarker>';
    const { asked, found } = await versionsOf([
      result(
        `${mark('conf/a+a', '3')}${version('conf/a+a', '2')}${next}<NextVersionIdMarker>2</NextVersionIdMarker>`,
        true,
      ),
      result(`${version('conf/a+a', '1')}${next}<NextVersionIdMarker/>`, true),
      result(`${version('conf/b', 'null')}`),
    ]);
    expect(found).toEqual(['conf/a a 3 deleted', 'conf/a a 2', 'conf/a a 1', 'conf/b null']);
    expect(asked[0]).toMatchObject({ versions: '', prefix: 'conf/', 'encoding-type': 'url' });
    expect(asked[1]).toMatchObject({ 'key-marker': 'conf/a a', 'version-id-marker': '2' });
    expect(asked[2]).toMatchObject({ 'key-marker': 'conf/a a' });
    expect(asked[2]).not.toHaveProperty('version-id-marker');
  });

  test.each<[string, readonly string[], string]>([
    ['a listing of objects', [page({})], '<ListBucketResult>'],
    ['more without a marker', [result(version('conf/a', '1'), true)], 'not where'],
    ['a version twice', [result(version('conf/a', '1') + version('conf/a', '1'))], '"conf/a" twice'],
    ['a version without its name', [result(version('conf/a', ''))], 'no version of the key "conf/a"'],
    ['a key of elsewhere', [result(mark('x', '1'))], '"x" does not start with'],
    [
      'a marker that comes again',
      [
        result('<NextKeyMarker>conf/a</NextKeyMarker>', true),
        result('<NextKeyMarker>conf/a</NextKeyMarker>', true),
      ],
      'was before',
    ],
  ])('is not %s', async (_, documents, said) => {
    const failure = await versionsOf(documents).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(UnreachableError);
    expect(String(failure)).toContain(said);
  });
});
