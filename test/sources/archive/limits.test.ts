import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/failure/failure.ts';
import { Budget } from '../../../src/sources/archive/budget.ts';
import {
  listBytes,
  packZip,
  paxRecord,
  type ReadOptions,
  readTree,
  tarEnd,
  tarEntry,
  tarHeader,
} from '../../support/archives.ts';
import { failureOf } from '../../support/calls.ts';

const MiB = 1024 ** 2;
const file = (name: string, content: string | Buffer = 'x') => tarEntry({ name }, content);
const tarOf = (...parts: readonly Buffer[]) => Buffer.concat([...parts, tarEnd]);

async function refusal(bytes: Buffer, options: ReadOptions): Promise<string> {
  const failure = await failureOf(listBytes(bytes, options));
  expect(failure).toBeInstanceOf(RefusedError);
  return failure.message;
}

describe('the limit of files', () => {
  const limits = { maxFiles: 2 };

  test('counts files and links', async () => {
    const link = tarHeader({ name: 'l', type: '2', linkName: 'a' });
    const archive = tarOf(file('a'), link, file('c'));
    expect(await refusal(archive, { limits })).toBe(
      'WHERRY_MAX_FILES: the archive "set.tar" has more than 2 files (at "c"); take a part with globs, or raise the limit',
    );
    expect(await listBytes(tarOf(file('a'), link), { limits })).toHaveProperty('entries.length', 2);
  });

  test('does not count directories and what the globs leave out', async () => {
    const directory = tarHeader({ name: 'd/', type: '5' });
    const archive = tarOf(directory, file('d/a'), file('no'), file('no2'), file('d/b'));
    const takes = (path: string) => path.startsWith('d/');
    expect(await readTree(archive, { limits, takes })).toEqual({ 'd/a': 'x', 'd/b': 'x' });
  });

  test('lets no archive have endless entries of other kinds', async () => {
    const directories = Array.from({ length: 1009 }, (_, at) => tarHeader({ name: `d${at}/`, type: '5' }));
    expect(await refusal(tarOf(...directories), { limits })).toContain(
      'has more than 1008 entries, directories included (at "d1008/")',
    );
    const zip = packZip(...Array.from({ length: 1009 }, (_, at) => ({ name: `d${at}/` })));
    expect(await refusal(zip, { limits, format: 'zip' })).toContain(
      'WHERRY_MAX_FILES: the archive "set.zip"',
    );
  });
});

describe('the limit of bytes', () => {
  const limits = { maxBytes: 1000 };
  const why = 'unpacks to more than 1000B';

  test('counts all contents', async () => {
    const archive = tarOf(file('a', 'x'.repeat(600)), file('b', 'x'.repeat(401)));
    expect(await refusal(archive, { limits })).toBe(
      `WHERRY_MAX_BYTES: the archive "set.tar" ${why} (at "b"); put less into it, or raise the limit`,
    );
    expect(await listBytes(archive, { limits: { maxBytes: 1001 } })).toHaveProperty('entries.length', 2);
  });

  test('counts what the globs leave out', async () => {
    const archive = tarOf(file('a'), file('b', 'x'.repeat(1001)));
    expect(await refusal(archive, { limits, takes: (path) => path === 'a' })).toContain(`${why} (at "b")`);
    const zip = packZip({ name: 'a' }, { name: 'b', content: 'x'.repeat(1001) });
    expect(await refusal(zip, { limits, takes: (path) => path === 'a', format: 'zip' })).toContain(why);
  });

  test('counts each hard link as the copy that it becomes', async () => {
    const link = tarHeader({ name: 'b', type: '1', linkName: 'a' });
    expect(await refusal(tarOf(file('a', 'x'.repeat(600)), link), { limits })).toContain(`${why} (at "b")`);
  });

  test('believes a header before its content comes', async () => {
    expect(await refusal(tarHeader({ name: 'a', size: 8 ** 10 }), { limits })).toContain(`${why} (at "a")`);
    const zip = packZip({ name: 'a', content: 'x', size: 2 ** 31 });
    expect(await refusal(zip, { format: 'zip' })).toMatch(/unpacks to more than/);
  });
});

describe('a decompression bomb', () => {
  const zeros = (size: number) => tarOf(file('zeros', Buffer.alloc(size)));
  const why = 'unpacks to more than 200 times its size beyond the first 16MiB';

  test('of headers and no contents is refused', async () => {
    const headers = tarEntry({ type: 'g' }, paxRecord('c=d').repeat(170_000));
    const archive = gzipSync(tarOf(...Array.from({ length: 24 }, () => headers)));
    expect(await refusal(archive, { format: 'tar.gz' })).toContain(why);
    const budget = new Budget({ maxFiles: 1, maxBytes: 1 });
    budget.describing(128 * MiB, Buffer.from('a'));
    expect(() => budget.describing(1, Buffer.from('a'))).toThrow('more than 128MiB of names and headers');
  });

  test('in gzip, zstd or zip is refused while it unpacks', async () => {
    const bomb = zeros(32 * MiB);
    expect(await refusal(gzipSync(bomb), { format: 'tar.gz' })).toContain(why);
    expect(await refusal(zstdCompressSync(bomb), { format: 'tar.zst' })).toContain(why);
    const zip = packZip({ name: 'a', content: Buffer.alloc(32 * MiB) });
    expect(await refusal(zip, { format: 'zip' })).toContain(why);
  });

  test('is not taken for a few files of zeros, nor for a large set that packs well', async () => {
    const small = await listBytes(zstdCompressSync(zeros(15 * MiB)), { format: 'tar.zst' });
    expect(small.entries).toHaveLength(1);
    const line = 'location /api/v1 { proxy_pass http://backend.example.com; proxy_set_header Host $host; }\n';
    const lines = Array.from({ length: 230_000 }, (_, at) => line.replace('v1', `v${at}`)).join('');
    const large = await listBytes(gzipSync(tarOf(file('large', lines))), { format: 'tar.gz' });
    expect(large.entries).toHaveLength(1);
  });

  test('whose entries lie over each other is refused before it unpacks', async () => {
    const zip = packZip({ name: 'a', content: 'x'.repeat(1000) }, { name: 'b', content: 'y', offset: 10 });
    expect(await refusal(zip, { format: 'zip' })).toMatch(/over another's content/);
    const twice = packZip({ name: 'a', content: 'x' }, { name: 'a', content: 'x', offset: 0 });
    expect(await refusal(twice, { format: 'zip' })).toContain(
      "over another's content, as a decompression bomb",
    );
  });

  test('of hard links to one large file is refused', async () => {
    const links = Array.from({ length: 17 }, (_, at) =>
      tarHeader({ name: `l${at}`, type: '1', linkName: 'a' }),
    );
    expect(await refusal(tarOf(file('a', Buffer.alloc(300_000)), ...links), {})).toContain(
      'has more than 16 hard links to the large file "a"',
    );
  });
});
