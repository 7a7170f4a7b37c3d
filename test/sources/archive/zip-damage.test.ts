import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/failure/failure.ts';
import { listBytes, packZip, readTree } from '../../support/archives.ts';
import { failureOf } from '../../support/calls.ts';

const format = 'zip';

async function refusal(bytes: Buffer): Promise<string> {
  const failure = await failureOf(listBytes(bytes, { format }));
  expect(failure).toBeInstanceOf(RefusedError);
  return failure.message;
}

describe('a zip', () => {
  test('without entries is an empty set', async () => {
    expect(await readTree(packZip(), { format })).toEqual({});
  });

  test('gives back large contents, stored or deflated', async () => {
    const content = 'large '.repeat(200_000);
    const zip = packZip({ name: 'a', content }, { name: 'b', content, method: 0 });
    expect(await readTree(zip, { format })).toEqual({ a: content, b: content });
  });

  test.each([
    ['a small', 'x'],
    ['a large', 'x'.repeat(1_000_000)],
  ])('whose checksum or size is wrong for %s content is refused', async (_, content) => {
    for (const method of [0, 8] as const) {
      expect(await refusal(packZip({ name: 'a', content, method, crc32: 7 }))).toContain(
        'the damaged entry "a"',
      );
    }
    const size = Buffer.byteLength(content);
    expect(await refusal(packZip({ name: 'a', content, size: size + 1 }))).toContain('the damaged entry "a"');
    expect(await refusal(packZip({ name: 'a', content, size: size - 1 }))).toContain('the damaged entry "a"');
  });

  test('whose two headers of an entry disagree is refused', async () => {
    const zip = packZip({ name: 'good', localName: 'evil', content: 'x' });
    expect(await refusal(zip)).toContain('has two headers of the entry "good" that disagree');
  });

  test('in another compression is refused by name', async () => {
    expect(await refusal(packZip({ name: 'a', method: 12 }))).toContain(
      'the entry "a" in the compression method 12',
    );
  });

  test('with an encrypted entry is refused by name', async () => {
    expect(await refusal(packZip({ name: 'a', flags: 1 }))).toContain('has the encrypted entry "a"');
  });

  test('that is cut short is refused', async () => {
    const zip = packZip({ name: 'a', content: 'content' }, { name: 'b', content: 'content' });
    for (let length = 4; length < zip.byteLength; length += 7) {
      expect(await refusal(zip.subarray(0, length))).toMatch(/is damaged|is cut short/);
    }
  });

  test('that points beyond its end is refused', async () => {
    expect(await refusal(packZip({ name: 'a', offset: 0xffff_fffe }))).toContain('points beyond its own end');
    const zip64 = Buffer.alloc(56 + 20);
    zip64.write('PK\x06\x06', 0, 'latin1');
    zip64.writeBigUInt64LE(1n, 32);
    zip64.writeBigUInt64LE(2n ** 63n, 48);
    zip64.write('PK\x06\x07', 56, 'latin1');
    zip64.writeBigUInt64LE(4n, 56 + 8);
    expect(await refusal(Buffer.concat([Buffer.from('PK\x03\x04'), zip64, packZip()]))).toContain(
      'points beyond its own end',
    );
  });

  test('with more entries than it says is refused, as one of more than 65535 may be', async () => {
    const zip = packZip({ name: 'a' }, { name: 'b' }, { name: 'c' });
    for (const count of [0, 1, 2]) {
      zip.writeUInt16LE(count, zip.byteLength - 12);
      expect(await refusal(zip)).toContain(`says that it has ${count} entries, and has more`);
    }
  });

  test('with a very long text of a symbolic link is refused', async () => {
    const zip = packZip({ name: 'l', mode: 0o120_777, content: 'x'.repeat(5000) });
    expect(await refusal(zip)).toContain('has the symbolic link "l" to a very long path');
  });
});

describe('a name in a zip', () => {
  const utf8 = 0x800;

  test('is UTF-8 where it is marked so, or where it was made on Unix', async () => {
    for (const spec of [{ flags: utf8, host: 0 }, { flags: utf8 }, { host: 3 }]) {
      const zip = packZip({ name: 'größe', content: 'x', ...spec });
      expect(await readTree(zip, { format })).toEqual({ größe: 'x' });
    }
  });

  test('that is not UTF-8 there refuses the set', async () => {
    for (const spec of [{ flags: utf8, host: 0 }, { host: 3 }]) {
      const zip = packZip({ name: Buffer.from([0x61, 0xff]), content: 'x', ...spec });
      expect(await refusal(zip)).toContain('is not UTF-8');
    }
  });

  test('is in the code page of DOS otherwise, with / for \\', async () => {
    const zip = packZip({ name: Buffer.from([0x64, 0x5c, 0x81]), content: 'x', host: 0 });
    expect(await readTree(zip, { format })).toEqual({ 'd/ü': 'x' });
  });

  test('may hold a \\ where it was made on Unix', async () => {
    expect(await readTree(packZip({ name: 'a\\b', content: 'x' }), { format })).toEqual({ 'a\\b': 'x' });
  });

  test('of a directory from DOS needs no slash', async () => {
    const zip = packZip({ name: 'd', host: 0, attributes: 0x10 }, { name: 'd/a', host: 0, content: 'x' });
    expect(await readTree(zip, { format })).toEqual({ 'd/a': 'x' });
  });
});
