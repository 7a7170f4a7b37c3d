import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../../src/failure/failure.ts';
import { type Globs, pathFilterOf } from '../../../../src/snapshot/path-filter.ts';
import { Keys } from '../../../../src/sources/s3/layouts/keys.ts';
import type { ETag, ListedObject } from '../../../../src/sources/s3/store/store.ts';
import { RecordingLog } from '../../../support/recording-log.ts';

interface Options extends Partial<Globs> {
  readonly prefix?: string;
  readonly badKeys?: 'refuse' | 'skip';
  readonly marker?: string;
}

async function keys(options: Options = {}) {
  const { prefix = 'conf/', badKeys = 'refuse', marker, include, exclude } = options;
  const log = new RecordingLog();
  const filter = await pathFilterOf({ include, exclude });
  const setting = 'WHERRY_S3_PREFIX';
  return { log, keys: new Keys({ prefix, setting, badKeys, marker, filter, log }) };
}

function object(key: string, changes: Partial<ListedObject> = {}): ListedObject {
  return { key, etag: 'e' as ETag, size: 1, lastModified: new Date(0), storageClass: undefined, ...changes };
}

async function pathsOf(given: readonly (string | ListedObject)[], options?: Options): Promise<string[]> {
  const made = await keys(options);
  return [...made.keys.paths(given.map((item) => (typeof item === 'string' ? object(item) : item))).keys()];
}

function warningsOf(log: RecordingLog): object[] {
  return log.of('warn').map(({ fields }) => fields);
}

describe('the path of a key', () => {
  test('is what follows the prefix', async () => {
    expect(await pathsOf(['conf/a', 'conf/b/c d+%2F.yaml'])).toEqual(['a', 'b/c d+%2F.yaml']);
    expect(await pathsOf(['conf/a'], { prefix: '' })).toEqual(['conf/a']);
  });

  test('is looked for only where the globs take it', async () => {
    const options = { include: ['**/*.yaml'], exclude: ['old'] };
    expect(
      await pathsOf(['conf/a.yaml', 'conf//b', 'conf/old/c.yaml', 'conf/old/../d.yaml'], options),
    ).toEqual(['a.yaml']);
  });

  test('is none for the marker, and for an empty object that shows a directory', async () => {
    const given = ['conf/a', 'conf/.done', object('conf/', { size: 0 }), object('conf/b/', { size: 0 })];
    expect(await pathsOf(given, { marker: 'conf/.done' })).toEqual(['a']);
  });

  test.each([
    ['an empty element', 'conf/a//b'],
    ['an empty element at its start', 'conf//a'],
    ['a step up', 'conf/a/../b'],
    ['a start of two dots', 'conf/..data/x'],
    ['a dot', 'conf/./a'],
    ['a NUL', 'conf/a\0b'],
    ['a long name', `conf/${'x'.repeat(256)}`],
    ['the manifest’s name', 'conf/.wherry.json'],
    ['a directory with content', 'conf/a/'],
    ['the prefix itself with content', 'conf/'],
    ['bytes that are not UTF-8', 'conf/caf\uDCE9'],
  ])('with %s refuses the set, naming the key, or is skipped', async (_, key) => {
    const refusal = await pathsOf(['conf/ok', key]).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(RefusedError);
    expect(String(refusal)).toContain(JSON.stringify(key).slice(0, 200));
    expect(String(refusal)).toContain('WHERRY_S3_BAD_KEYS=skip');
    expect(await pathsOf(['conf/ok', key], { badKeys: 'skip' })).toEqual(['ok']);
  });

  test('is the same as that of a simple model', async () => {
    const element = fc.constantFrom(
      'a',
      'b',
      '.',
      '..',
      '',
      'A',
      'é',
      '..x',
      'x..',
      '\0',
      'y'.repeat(256),
      '.wherry.json',
    );
    const key = fc.array(element, { maxLength: 4 }).map((elements) => `conf/${elements.join('/')}`);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(key), async (all) => {
        const model = all.filter((item) => {
          const [, ...elements] = item.split('/');
          const isPlain = elements.every(
            (name) => name !== '' && name !== '.' && name !== '..' && !name.includes('\0'),
          );
          const fits = elements.every((name) => name.length < 256);
          return isPlain && fits && !elements[0]?.startsWith('..') && elements[0] !== '.wherry.json';
        });
        const expected = model.map((item) => item.slice('conf/'.length));
        expect(await pathsOf(all, { badKeys: 'skip' })).toEqual(expected);
        const refused = await pathsOf(all).then(
          () => false,
          (error: unknown) => error instanceof RefusedError,
        );
        expect(refused).toBe(model.length < all.length);
      }),
    );
  });
});

describe('a listing', () => {
  test('with an archived object is refused, naming it, unless the globs leave it out', async () => {
    const given = [object('conf/a'), object('conf/old', { storageClass: 'DEEP_ARCHIVE' })];
    await expect(pathsOf(given)).rejects.toThrow('"conf/old" is archived (storage class DEEP_ARCHIVE)');
    await expect(pathsOf(given, { badKeys: 'skip' })).rejects.toThrow(RefusedError);
    expect(await pathsOf(given, { exclude: ['old'] })).toEqual(['a']);
    expect(await pathsOf([object('conf/b', { storageClass: 'GLACIER_IR' })])).toEqual(['b']);
  });

  test('is warned of once for the keys that are skipped, ten by name', async () => {
    const { log, keys: made } = await keys({ badKeys: 'skip' });
    const bad = Array.from({ length: 12 }, (_, index) => object(`conf//${index}`));
    made.paths(bad);
    made.paths(bad);
    expect(warningsOf(log)).toEqual([
      { keys: bad.slice(0, 10).map(({ key }) => key), count: 12, setting: 'WHERRY_S3_BAD_KEYS' },
    ]);
    made.paths(bad.slice(1));
    expect(warningsOf(log)).toHaveLength(2);
  });

  test('is warned of once for paths that look alike', async () => {
    const { log, keys: made } = await keys();
    const alike = ['README', 'readme', 'Readme', 'caf\u00e9', 'cafe\u0301', 'other'].map((name) =>
      object(`conf/${name}`),
    );
    expect(made.paths(alike).size).toBe(6);
    made.paths(alike);
    expect(warningsOf(log)).toEqual([
      {
        paths: [
          ['README', 'readme', 'Readme'],
          ['caf\u00e9', 'cafe\u0301'],
        ],
        count: 2,
      },
    ]);
  });
});
