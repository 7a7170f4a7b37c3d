import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/failure/failure.ts';
import type { ArchiveFormat } from '../../../src/sources/archive/format.ts';
import {
  listBytes,
  type Node,
  packTar,
  packZip,
  readTree,
  type TarEntry,
  tarEnd,
  tarEntry,
  tarHeader,
  type ZipSpec,
} from '../../support/archives.ts';

const element = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((text) => !/[/\0\ufffd]/.test(text) && text.isWellFormed() && !text.startsWith('.'));
// Directories and files have different names, so that they can always stand beside each other.
const path = fc
  .tuple(fc.array(element, { maxLength: 6 }), element)
  .map(([above, name]) => [...above.map((text) => `d${text}`), `f${name}`].join('/'));
const node: fc.Arbitrary<Node> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 2000 }).filter((text) => text.isWellFormed()),
  fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).map((executable) => ({ executable })),
  path.map((link) => ({ link })),
);
const tree = fc.dictionary(path, node, { maxKeys: 12, noNullPrototype: true });

describe('any tree', () => {
  test('comes back from a tar', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (nodes) => {
        const tar = await packTar(...Object.entries(nodes).map(tarEntryOf));
        expect(await readTree(tar)).toEqual(nodes);
        expect(await readTree(gzipSync(tar), { format: 'tar.gz' })).toEqual(nodes);
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  test('comes back from a zip', async () => {
    await fc.assert(
      fc.asyncProperty(tree, async (nodes) => {
        const zip = packZip(...Object.entries(nodes).map(zipSpecOf));
        expect(await readTree(zip, { format: 'zip' })).toEqual(nodes);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});

describe('a damaged archive', () => {
  const tar = Buffer.concat([
    tarHeader({ name: './', type: '5' }),
    tarEntry({ name: 'pax', type: 'x' }, '17 path=somewhere\n'),
    tarEntry({ name: 'a' }, 'content'.repeat(200)),
    tarEntry({ name: 'long', type: 'L' }, `${'n/'.repeat(80)}file\0`),
    tarEntry({ name: 'cut' }, 'x'),
    tarHeader({ name: 'link', type: '2', linkName: 'somewhere' }),
    tarHeader({ name: 'hard', type: '1', linkName: 'somewhere' }),
    tarEnd,
  ]);
  const zip = packZip(
    { name: 'd/' },
    { name: 'd/a', content: 'content'.repeat(200) },
    { name: 'd/b', content: 'x', method: 0 },
    { name: 'link', mode: 0o120_777, content: 'd/a' },
    { name: 'dos\\name', host: 0, content: 'x' },
  );
  const archives: readonly (readonly [ArchiveFormat, Buffer])[] = [
    ['tar', tar],
    ['tar.gz', gzipSync(tar)],
    ['tar.zst', zstdCompressSync(tar)],
    ['zip', zip],
  ];

  test.each(archives)(
    '(%s) is listed or refused, and nothing else',
    async (format, whole) => {
      const place = fc.nat(whole.byteLength - 1);
      const change = fc.record({ at: place, byte: fc.nat(255) });
      await fc.assert(
        fc.asyncProperty(
          fc.array(change, { minLength: 1, maxLength: 6 }),
          fc.option(place),
          async (changes, cut) => {
            const bytes = Buffer.from(whole);
            for (const { at, byte } of changes) bytes[at] = byte;
            await judged(cut === null ? bytes : bytes.subarray(0, cut), format);
          },
        ),
        { numRuns: 250 },
      );
    },
    120_000,
  );

  test.each(archives)(
    '(%s) with any one bit flipped is listed or refused',
    async (format, whole) => {
      // In a zip of this size every byte means something; in a tar most are padding.
      const step = Math.max(1, Math.floor(whole.byteLength / 400));
      for (let at = 0; at < whole.byteLength; at += step) {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
        await judged(bytes, format);
      }
    },
    120_000,
  );

  test('with a good checksum on any bytes is listed or refused', async () => {
    const extended = fc.record({
      type: fc.constantFrom('x', 'g', 'L', 'K'),
      content: fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(extended, { maxLength: 3 }), async (headers) => {
        const parts = headers.map(({ type, content }) => tarEntry({ name: 'extended', type }, content));
        await judged(Buffer.concat([...parts, tarEntry({ name: 'a' }, 'x'), tarEnd]), 'tar');
      }),
      { numRuns: 250 },
    );
  }, 120_000);
});

/** Every path that is let through is one that the rules let through. */
async function judged(bytes: Buffer, format: ArchiveFormat): Promise<void> {
  try {
    const { entries } = await listBytes(bytes, { format, limits: { maxBytes: 2 ** 24 } });
    for (const { path } of entries) expect(path).not.toMatch(/^\/|^\.\.|\/\.\.(\/|$)|\0/);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
  }
}

function tarEntryOf([name, value]: readonly [string, Node]): TarEntry {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return { name, content: value };
  if ('link' in value) return { name, type: 'symlink', linkname: value.link };
  return { name, mode: 0o755, content: value.executable };
}

function zipSpecOf([name, value]: readonly [string, Node]): ZipSpec {
  if (typeof value === 'string' || Buffer.isBuffer(value)) return { name, content: value };
  if ('link' in value) return { name, mode: 0o120_777, content: value.link };
  return { name, mode: 0o100_755, content: value.executable };
}
