import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/failure/failure.ts';
import { pathFilterOf } from '../../../src/snapshot/path-filter.ts';
import {
  listBytes,
  packTar,
  packZip,
  readTree,
  tarEnd,
  tarEntry,
  tarHeader,
} from '../../support/archives.ts';
import { failureOf } from '../../support/calls.ts';

const file = (name: string | Buffer, content = 'x') => tarEntry({ name }, content);
const tarOf = (...parts: readonly Buffer[]) => Buffer.concat([...parts, tarEnd]);

async function refusal(bytes: Buffer, format: 'tar' | 'zip' = 'tar'): Promise<string> {
  const failure = await failureOf(listBytes(bytes, { format }));
  expect(failure).toBeInstanceOf(RefusedError);
  expect(failure.message).toMatch(/the archive "set\.(tar|zip)"/);
  return failure.message;
}

describe('a name in an archive', () => {
  test('may start with ./, and a directory may end with /', async () => {
    const directory = tarHeader({ name: './d/', type: '5' });
    const archive = tarOf(tarHeader({ name: './', type: '5' }), directory, file('./d/a'), file('././b'));
    expect(await readTree(archive)).toEqual({ 'd/a': 'x', b: 'x' });
  });

  test.each([
    ['../evil', 'starts with ".."'],
    ['./../evil', 'starts with ".."'],
    ['a/../../evil', 'has the element ".."'],
    ['/etc/passwd', 'is absolute'],
    ['.//etc/passwd', 'is absolute'],
    ['a//b', 'has an empty element'],
    ['a/./b', 'has the element "."'],
    ['..data/a', 'starts with ".."'],
    ['.wherry.json', 'is the name of the generation’s own manifest'],
  ])('that is %j refuses the set', async (name, why) => {
    expect(await refusal(tarOf(file('good'), file(name)))).toContain(why);
    expect(await refusal(packZip({ name: 'good' }, { name, content: 'x' }), 'zip')).toContain(why);
  });

  test.each(['directory', 'symlink'] as const)(
    'of a %s that leads elsewhere refuses the set',
    async (type) => {
      const archive = await packTar({ name: '../evil', type, linkname: 'a' });
      expect(await refusal(archive)).toContain('"../evil" starts with ".."');
    },
  );

  test('that is longer than 255 bytes refuses the set', async () => {
    const name = 'n'.repeat(256);
    expect(await refusal(await packTar({ name, content: 'x' }))).toContain(
      'has a name longer than 255 bytes',
    );
  });

  test('that holds a NUL byte refuses the set', async () => {
    const record = ` path=a\0b\n`;
    const pax = tarEntry({ name: 'pax', type: 'x' }, `${record.length + 2}${record}`);
    expect(await refusal(tarOf(pax, file('a')))).toContain('"a\\u0000b" holds a NUL byte');
  });

  test('of the root is no file', async () => {
    expect(await refusal(tarOf(file('./.')))).toContain('has the element "."');
  });
});

describe('two entries', () => {
  test('of one name refuse the set, however they are written', async () => {
    expect(await refusal(tarOf(file('a'), file('./a')))).toContain('has the entry "a" twice');
    expect(await refusal(packZip({ name: 'a' }, { name: './a' }), 'zip')).toContain(
      'has the entry "a" twice',
    );
  });

  test('where one is below the other refuse the set', async () => {
    expect(await refusal(tarOf(file('a'), file('a/b')))).toContain(
      'cannot exist beside "a", which is a file',
    );
    const link = tarEntry({ name: 'a', type: '2', linkName: '/etc' });
    expect(await refusal(tarOf(link, file('a/passwd')))).toContain('cannot exist beside "a"');
  });

  test('of a directory’s name are one directory', async () => {
    const directory = tarHeader({ name: 'd/', type: '5' });
    expect(await readTree(tarOf(directory, directory, file('d/a')))).toEqual({ 'd/a': 'x' });
  });
});

describe('what is no file', () => {
  test.each([
    ['3', 'a character device'],
    ['4', 'a block device'],
    ['6', 'a FIFO'],
    ['Z', 'of the unknown type "Z"'],
  ])('of the type %s is refused by name', async (type, what) => {
    expect(await refusal(tarOf(tarHeader({ name: 'd/it', type })))).toContain(
      `has the entry "d/it", which is ${what}`,
    );
  });

  test.each([
    [0o020_644, 'a character device'],
    [0o060_644, 'a block device'],
    [0o010_644, 'a FIFO'],
    [0o140_644, 'a socket'],
  ])('of the mode %i in a zip is refused by name', async (mode, what) => {
    expect(await refusal(packZip({ name: 'it', mode }), 'zip')).toContain(`"it", which is ${what}`);
  });

  test.each(['1', '2', '3', '5'])('of the type %s with content is refused', async (type) => {
    const archive = tarOf(tarEntry({ name: 'it', type, linkName: 'a' }, 'content'));
    expect(await refusal(archive)).toContain('has the entry "it", which is no file but has content');
  });

  test('a directory with content in a zip is refused', async () => {
    expect(await refusal(packZip({ name: 'd/', content: 'c' }), 'zip')).toContain(
      'the directory "d/" with content',
    );
  });

  test('a hard link must name a file before it', async () => {
    const hardLink = (linkName: string) => tarEntry({ name: 'h', type: '1', linkName });
    const why = 'which is no file before it';
    expect(await refusal(tarOf(file('a'), hardLink('b')))).toContain(`"h" to "b", ${why}`);
    expect(await refusal(tarOf(hardLink('a'), file('a')))).toContain(why);
    expect(await refusal(tarOf(file('a'), hardLink('/etc/passwd')))).toContain(why);
    expect(await readTree(tarOf(file('a'), hardLink('./a')))).toEqual({ a: 'x', h: 'x' });
  });

  test('a hard link to what the globs leave out is a copy of it', async () => {
    const archive = tarOf(file('a', 'content'), tarEntry({ name: 'h', type: '1', linkName: 'a' }));
    expect(await readTree(archive, { takes: (path) => path === 'h' })).toEqual({ h: 'content' });
  });

  test('a symbolic link keeps its text, wherever it leads: the rule for links judges it', async () => {
    const archive = await packTar({ name: 'l', type: 'symlink', linkname: '../../etc/passwd' });
    expect(await readTree(archive)).toEqual({ l: { link: '../../etc/passwd' } });
    const zip = packZip({ name: 'l', mode: 0o120_777, content: '/etc/passwd' });
    expect(await readTree(zip, { format: 'zip' })).toEqual({ l: { link: '/etc/passwd' } });
  });

  test('a symbolic link to a path that is not UTF-8 is refused', async () => {
    const archive = tarOf(tarEntry({ name: 'l', type: '2', linkName: Buffer.from([0xff]) }));
    expect(await refusal(archive)).toContain('the symbolic link "l" to a path that is not UTF-8');
  });
});

describe('globs', () => {
  test('leave out an entry before any rule judges it', async () => {
    const { takes } = await pathFilterOf({ include: undefined, exclude: ['dev/**', '../**', 'b*'] });
    const archive = tarOf(
      file('good'),
      file('../evil'),
      tarHeader({ name: 'dev/null', type: '3' }),
      file(Buffer.from([0x62, 0xff])),
      file('bad'),
      file('./bad'),
    );
    expect(await readTree(archive, { takes })).toEqual({ good: 'x' });
  });

  test('see the path without ./', async () => {
    const { takes } = await pathFilterOf({ include: ['conf/*.yaml'], exclude: undefined });
    const archive = tarOf(file('./conf/a.yaml'), file('./conf/b.txt'));
    expect(await readTree(archive, { takes })).toEqual({ 'conf/a.yaml': 'x' });
  });
});

describe('the executable bit', () => {
  test('is the owner’s', async () => {
    const archive = tarOf(tarEntry({ name: 'a', mode: 0o100 }), tarEntry({ name: 'b', mode: 0o611 }));
    expect(await readTree(archive)).toEqual({ a: { executable: '' }, b: '' });
  });

  test('is not known of a zip from DOS', async () => {
    expect(await readTree(packZip({ name: 'a', host: 0 }), { format: 'zip' })).toEqual({ a: '' });
  });
});
