import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/failure/failure.ts';
import { listBytes, paxRecord, readTree, tarEnd, tarEntry, tarHeader } from '../../support/archives.ts';
import { failureOf } from '../../support/calls.ts';

const tarOf = (...parts: readonly Buffer[]) => Buffer.concat([...parts, tarEnd]);
const file = (name: string, content = 'x') => tarEntry({ name }, content);
const pax = (content: string, type = 'x') => tarEntry({ name: 'pax', type }, content);

async function refusal(bytes: Buffer): Promise<string> {
  const failure = await failureOf(listBytes(bytes));
  expect(failure).toBeInstanceOf(RefusedError);
  return failure.message;
}

describe('a tar', () => {
  test.each([
    ['between its entries', 1024],
    ['in a header', 1024 + 100],
    ['in a content', 512 + 1],
  ])('that is cut short %s is refused', async (_, length) => {
    const whole = tarOf(file('a'), file('b'));
    expect(await refusal(whole.subarray(0, length))).toContain('is cut short');
  });

  test('with one block of zeros at its end is whole', async () => {
    expect(await readTree(Buffer.concat([file('a'), Buffer.alloc(512)]))).toEqual({ a: 'x' });
  });

  test('that goes on after its end mark is refused', async () => {
    const archive = Buffer.concat([tarOf(file('a')), tarOf(file('b'))]);
    expect(await refusal(archive)).toContain('goes on after its end mark');
    expect(await refusal(Buffer.concat([tarOf(file('a')), Buffer.from('garbage')]))).toContain('goes on');
  });

  test('with a damaged header is refused', async () => {
    const archive = tarOf(file('a'), file('b'));
    archive[1024] = 0x63;
    expect(await refusal(archive)).toContain('has a damaged header');
  });

  test('with a size of another form is read, or refused', async () => {
    const binary = Buffer.from('800000000000000000000001', 'hex');
    expect(await readTree(tarOf(tarEntry({ name: 'a', size: binary }, 'x')))).toEqual({ a: 'x' });
    const negative = Buffer.from('ffffffffffffffffffffffff', 'hex');
    expect(await refusal(tarOf(tarHeader({ size: negative })))).toContain('out of range');
    expect(await refusal(tarOf(tarHeader({ size: Buffer.from('8x') })))).toContain('a damaged number');
  });

  test('of V7 has directories that are files with a slash', async () => {
    const magic = '';
    const archive = tarOf(
      tarHeader({ name: 'd/', type: '\0', magic }),
      tarEntry({ name: 'd/a', type: '\0', magic }, 'x'),
    );
    expect(await readTree(archive)).toEqual({ 'd/a': 'x' });
  });
});

describe('an extended header', () => {
  test('gives the entry after it, and no other, its name and size', async () => {
    const extended = pax(`${paxRecord('path=long/name')}${paxRecord('size=3')}${paxRecord('mtime=1.5')}`);
    const archive = tarOf(extended, tarEntry({ name: 'short', size: 0 }, 'abc'), file('b'));
    expect(await readTree(archive)).toEqual({ 'long/name': 'abc', b: 'x' });
  });

  test('with an empty value leaves what the header says', async () => {
    expect(await readTree(tarOf(pax(paxRecord('path=')), file('a')))).toEqual({ a: 'x' });
  });

  test.each([
    ['a length that is too long', '99 path=a\n'],
    ['a length that is too short', '3 path=a\n'],
    ['a length that is no number', '-9 path=a\n'],
    ['no newline', '9 path=abc'],
    ['no equals sign', paxRecord('path')],
    ['no length', 'path=abc'],
    ['a size that is no number', paxRecord('size=1e3')],
    ['a size out of range', paxRecord('size=9999999999999999')],
  ])('with %s refuses the set: the entry would have another name', async (_, content) => {
    expect(await refusal(tarOf(pax(content), file('a')))).toContain('has a damaged extended header');
  });

  test('before no entry refuses the set', async () => {
    expect(await refusal(tarOf(file('a'), pax(paxRecord('path=b'))))).toContain(
      'ends after an extended header',
    );
  });

  test('that comes twice refuses the set', async () => {
    const archive = tarOf(pax(paxRecord('path=b')), pax(paxRecord('path=c')), file('a'));
    expect(await refusal(archive)).toContain('has two extended headers for one entry');
  });

  test('for all entries may hold a comment, but no name', async () => {
    expect(await readTree(tarOf(pax(paxRecord('comment=abc'), 'g'), file('a')))).toEqual({ a: 'x' });
    expect(await refusal(tarOf(pax(paxRecord('path=b'), 'g'), file('a')))).toContain('has a global header');
  });

  test('that is very large refuses the set before it is read', async () => {
    const archive = tarOf(tarHeader({ type: 'x', size: 2 * 1024 ** 2 }), file('a'));
    expect(await refusal(archive)).toContain('has an extended header of 2097152 bytes');
  });

  test('of GNU’s kind gives long names, which end at a NUL', async () => {
    const name = `${'d/'.repeat(100)}file`;
    const long = (type: string, text: string) => tarEntry({ name: '././@LongLink', type }, `${text}\0`);
    const link = tarHeader({ name: 'cut', type: '2', linkName: 'cut' });
    const archive = tarOf(long('K', name), long('L', `${name}-link`), link, long('L', name), file('cut'));
    expect(await readTree(archive)).toEqual({ [name]: 'x', [`${name}-link`]: { link: name } });
  });

  test('that fills its blocks to the last byte is read', async () => {
    const name = Array.from({ length: 4 }, () => 'n'.repeat(127)).join('/');
    expect(name).toHaveLength(511);
    const whole = tarEntry({ type: 'L' }, `${name}\0`);
    const over = tarEntry({ type: 'L' }, `${name}2\0`);
    expect(await readTree(tarOf(whole, file('a'), over, file('b')))).toEqual({
      [name]: 'x',
      [`${name}2`]: 'x',
    });
  });
});
