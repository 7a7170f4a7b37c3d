import { link, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/failure/failure.ts';
import { gnuTar, infoZip, listBytes, readTree, run, type Tree, treeOnDisk } from '../../support/archives.ts';
import { failureOf } from '../../support/calls.ts';
import { hasProgram } from '../../support/prometheus.ts';

const tree: Tree = {
  'app.yaml': 'port: 80\n',
  empty: '',
  'bin/start.sh': { executable: '#!/bin/sh\n' },
  'conf.d/app.yaml': { link: '../app.yaml' },
  'conf.d/größe und mehr.txt': 'ü\n',
  '.hidden/.file': 'dot',
  'new\nline': 'odd',
};
/** V7 has room for no more than this. */
const shortTree: Tree = { 'a.yaml': 'a', 'd/b.sh': { executable: 'b' }, 'd/c': { link: '../a.yaml' } };
const deep = Array.from({ length: 12 }, (_, at) => `${at}${'d'.repeat(60)}`).join('/');
const deepTree: Tree = { [`${deep}/file.yaml`]: 'deep', [`${deep}/link`]: { link: `${deep}/file.yaml` } };

describe('GNU tar', () => {
  test.each(['gnu', 'oldgnu', 'pax'])('in the format %s gives the tree back', async (format) => {
    const directory = await treeOnDisk({ ...tree, ...deepTree });
    expect(await readTree(gnuTar(directory, `--format=${format}`))).toEqual({ ...tree, ...deepTree });
  });

  test.each(['ustar', 'v7'])('in the format %s gives a small tree back', async (format) => {
    const directory = await treeOnDisk(shortTree);
    expect(await readTree(gnuTar(directory, `--format=${format}`))).toEqual(shortTree);
  });

  test('splits a long path in the format ustar, which gives it back', async () => {
    const path = `${'a'.repeat(90)}/${'b'.repeat(90)}/file`;
    const directory = await treeOnDisk({ [path]: 'long' });
    expect(await readTree(gnuTar(directory, '--format=ustar'))).toEqual({ [path]: 'long' });
  });

  test('with gzip gives the tree back', async () => {
    const directory = await treeOnDisk(tree);
    expect(await readTree(gnuTar(directory, '-z'), { format: 'tar.gz' })).toEqual(tree);
  });

  test.skipIf(!hasProgram('zstd'))('with zstd gives the tree back', async () => {
    const directory = await treeOnDisk(tree);
    expect(await readTree(gnuTar(directory, '--zstd'), { format: 'tar.zst' })).toEqual(tree);
  });

  test('appends to an archive, which gives back both', async () => {
    const directory = await treeOnDisk({ a: 'first', b: 'second' });
    const archive = join(await treeOnDisk({}), 'set.tar');
    run(directory, 'tar', '-cf', archive, 'a');
    run(directory, 'tar', '-rf', archive, 'b');
    expect(await readTree(run('/', 'cat', archive))).toEqual({ a: 'first', b: 'second' });
  });

  test('makes hard links, which become copies', async () => {
    const large = 'x'.repeat(300_000);
    const directory = await treeOnDisk({ a: { executable: 'same' }, large });
    for (const name of ['b', 'c']) {
      await link(join(directory, 'a'), join(directory, name));
      await link(join(directory, 'large'), join(directory, `large-${name}`));
    }
    const same = { executable: 'same' };
    expect(await readTree(gnuTar(directory))).toEqual({
      a: same,
      b: same,
      c: same,
      large,
      'large-b': large,
      'large-c': large,
    });
  });

  test('makes hard links to symbolic links, which become symbolic links', async () => {
    const directory = await treeOnDisk({ a: 'a', b: { link: 'a' } });
    await link(join(directory, 'b'), join(directory, 'c'));
    expect(await readTree(gnuTar(directory))).toEqual({ a: 'a', b: { link: 'a' }, c: { link: 'a' } });
  });

  test.each(['gnu', 'pax'])('makes sparse files in the format %s, which are refused', async (format) => {
    const directory = await treeOnDisk({});
    run(directory, 'truncate', '-s', '1M', 'holes');
    await writeFile(join(directory, 'small'), 's');
    const failure = await failureOf(listBytes(gnuTar(directory, '--sparse', `--format=${format}`)));
    expect(failure.message).toBe(
      'WHERRY_S3_ARCHIVE: the archive "set.tar" holds a sparse file; make it without --sparse',
    );
  });

  test('packs FIFOs, which are refused by name', async () => {
    const directory = await treeOnDisk({ a: 'a' });
    run(directory, 'mkfifo', 'pipe');
    const failure = await failureOf(listBytes(gnuTar(directory)));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure.message).toContain('has the entry "pipe", which is a FIFO');
  });

  test('packs names that are not UTF-8, which are refused by their bytes', async () => {
    const directory = await treeOnDisk({ a: 'a' });
    await writeFile(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0x62, 0xfc])]), 'b');
    for (const format of ['gnu', 'pax']) {
      const failure = await failureOf(listBytes(gnuTar(directory, `--format=${format}`)));
      expect(failure.message, format).toContain('the archive "set.tar": the path "bü" is not UTF-8');
    }
  });

  test('packs an empty directory to an empty set', async () => {
    expect(await readTree(gnuTar(await treeOnDisk({})))).toEqual({});
    expect(await readTree(run('/', 'tar', '-cf', '-', '-T', '/dev/null'))).toEqual({});
  });

  test('keeps extended attributes and times to the nanosecond, which do not disturb', async () => {
    const directory = await treeOnDisk(tree);
    const options = ['--format=pax', '--xattrs', '--pax-option=comment=made by a test'];
    expect(await readTree(gnuTar(directory, ...options))).toEqual(tree);
  });
});

describe('git archive', () => {
  test.skipIf(!hasProgram('git'))('has a global header, which does not disturb', async () => {
    const directory = await treeOnDisk({ a: 'a', 'd/b.sh': { executable: 'b' } });
    const git = (...args: string[]) =>
      run(directory, 'git', '-c', 'user.name=t', '-c', 'user.email=t@t', ...args);
    git('init', '-q');
    git('add', '-A');
    git('commit', '-qm', 'all');
    const expected = { a: 'a', 'd/b.sh': { executable: 'b' } };
    expect(await readTree(git('archive', '--format=tar', 'HEAD'))).toEqual(expected);
    expect(await readTree(git('archive', '--format=zip', 'HEAD'), { format: 'zip' })).toEqual(expected);
  });
});

describe.skipIf(!hasProgram('zip'))('Info-ZIP', () => {
  test('gives the tree back', async () => {
    expect(await readTree(await infoZip(await treeOnDisk(tree)), { format: 'zip' })).toEqual(tree);
  });

  test('stores without compression, or with zip64, and gives the tree back', async () => {
    const directory = await treeOnDisk(tree);
    expect(await readTree(await infoZip(directory, '-0'), { format: 'zip' })).toEqual(tree);
    expect(await readTree(await infoZip(directory, '-fz'), { format: 'zip' })).toEqual(tree);
  });

  test('writes to a pipe with the sizes after the contents, and gives the tree back', async () => {
    const directory = await treeOnDisk(tree);
    const piped = run(directory, 'sh', '-c', 'zip -q -r -y - . | cat');
    expect(await readTree(piped, { format: 'zip' })).toEqual(tree);
  });

  test('encrypts, which is refused by name', async () => {
    const zip = await infoZip(await treeOnDisk({ 'secret.txt': 's' }), '-P', 'password');
    const failure = await failureOf(listBytes(zip, { format: 'zip' }));
    expect(failure.message).toContain('has the encrypted entry "secret.txt"; make it without a password');
  });

  test('splits over several disks, which is refused', async () => {
    const directory = await treeOnDisk({ large: Buffer.from(gzipSync('').toString('hex').repeat(8000)) });
    run(directory, 'zip', '-q', '-0', '-s', '64k', 'set.zip', 'large');
    const failure = await failureOf(listBytes(run(directory, 'cat', 'set.zip'), { format: 'zip' }));
    expect(failure).toBeInstanceOf(RefusedError);
  });
});
