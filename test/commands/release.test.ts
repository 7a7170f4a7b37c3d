import { randomBytes } from 'node:crypto';
import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Tree, treeOnDisk } from '../support/archives.ts';
import { bucket, type CephBucket, hasCeph } from '../support/ceph.ts';
import { modeOf, readSet } from '../support/engine-bench.ts';
import { run, start } from '../support/program.ts';
import { s3Settings } from '../support/s3-source.ts';
import { temporaryDirectory } from '../support/temporary.ts';

interface Bench {
  readonly place: CephBucket;
  readonly directory: string;
  readonly settings: Record<string, string>;
  readonly words: readonly string[];
}

const pointer = 'app/current.json';

async function bench(tree: Tree = { a: '1' }): Promise<Bench> {
  const place = await bucket();
  const directory = await treeOnDisk(tree);
  const { WHERRY_SOURCE: _, ...settings } = s3Settings(place, {});
  return { place, directory, settings, words: [`s3://${place.name}/app`, '--pointer', pointer] };
}

function release({ directory, settings, words }: Bench, more: readonly string[] = [], from = directory) {
  return run(['release', from, ...words, ...more], settings);
}

const onPlace = ({ settings, words }: Bench, more: readonly string[]) =>
  run(['release', ...words, ...more], settings);
const keysOf = async ({ place }: Bench, prefix: string) => place.writer.list(prefix);
const pointerOf = async ({ place }: Bench) => JSON.parse(await place.writer.text(pointer)) as { rev: string };

describe.skipIf(!hasCeph)('wherry release', () => {
  test('uploads a directory, and says its name and where the pointer is', async () => {
    const test = await bench({ a: '1', sub: { link: 'a' }, b: '1' });
    const { code, stdout, stderr } = await release(test, ['--message', 'the first']);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const { rev } = await pointerOf(test);
    expect(stdout).toBe(`${rev} s3://${test.place.name}/${pointer}\n`);
    expect(stderr).toBe(`released ${rev} (3 files, 2 B; uploaded 1 file, 1 B)\n`);
    expect(await keysOf(test, 'app/releases/')).toEqual([`app/releases/${rev}.json`]);
  });

  test('has nothing to do when nothing is new', async () => {
    const test = await bench();
    const first = await release(test);
    const { code, stdout, stderr } = await release(test);
    expect({ code, stdout }).toEqual({ code: 0, stdout: first.stdout });
    expect(stderr).toContain('nothing to release: the pointer is at');
    expect(await keysOf(test, 'app/releases/')).toHaveLength(1);
  });

  test('uploads one content when one of many changed', async () => {
    const files = Array.from({ length: 100 }, (_, index) => [`f${index}`, `content ${index}`]);
    const test = await bench(Object.fromEntries(files));
    await release(test);
    await writeFile(join(test.directory, 'f7'), 'changed');
    expect((await release(test)).stderr).toMatch(/100 files, 988 B; uploaded 1 file, 7 B\), after /);
    expect(await keysOf(test, 'app/blobs/')).toHaveLength(101);
  });

  test('leaves the pointer alone when another writer was faster', async () => {
    const test = await bench();
    await release(test);
    const others = await Promise.all(['x', 'y', 'z'].map((text) => treeOnDisk({ a: text })));
    const ended = await Promise.all(others.map((directory) => release(test, [], directory)));
    const { rev } = await pointerOf(test);
    expect(ended.filter(({ code, stdout }) => code === 0 && stdout.startsWith(rev))).toHaveLength(1);
    for (const { code, stderr, stdout } of ended) {
      if (code === 0) continue;
      expect({ code, stdout }).toEqual({ code: 6, stdout: '' });
      expect(stderr).toMatch(
        /^wherry: --pointer: another writer was faster: s3:\S+ now is at \S+, of \S+; it was left so; .+\n$/,
      );
    }
  });

  test('moves the pointer back, and forward again', async () => {
    const test = await bench();
    await release(test, ['--rev', 'r1']);
    await appendFile(join(test.directory, 'a'), '2');
    await release(test, ['--rev', 'r2']);
    const back = await onPlace(test, ['--rollback']);
    expect(back).toMatchObject({ code: 0, stdout: `r1 s3://${test.place.name}/${pointer}\n` });
    expect(back.stderr).toBe('rolled back from r2 to r1\n');
    expect((await onPlace(test, ['--rollback', 'r2'])).code).toBe(0);
    expect((await pointerOf(test)).rev).toBe('r2');
    const none = await onPlace(test, ['--rollback', 'r3']);
    expect(none.code).toBe(4);
    expect(none.stderr).toContain('there is no release "r3"');
  });

  test('lists the releases, for people and for programs', async () => {
    const test = await bench();
    await release(test, ['--rev', 'r1', '--message', 'one\ntwo']);
    await appendFile(join(test.directory, 'a'), '2');
    await release(test, ['--rev', 'r2']);
    await onPlace(test, ['--rollback']);
    const { stdout } = await onPlace(test, ['--list']);
    expect(stdout.replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/g, 'TIME')).toBe(
      '  r2  TIME       1 file        2 B\n* r1  TIME       1 file        1 B  one two\n',
    );
    const { stdout: json } = await onPlace(test, ['--list', '--json', '--limit', '5']);
    expect(JSON.parse(json)).toMatchObject({
      older: 0,
      releases: [{ rev: 'r2' }, { rev: 'r1', isCurrent: true }],
    });
  });

  test('says what it would do, and writes nothing', async () => {
    const test = await bench({ a: '1', b: '22' });
    const { code, stdout, stderr } = await release(test, ['--dry-run']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^\S+ \(2 files, 3 B\) would upload 2 files, 3 B; nothing was written\n$/);
    expect(await keysOf(test, '')).toEqual([]);
    const asJson = await release(test, ['--dry-run', '--json']);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ result: 'dry-run', uploads: { objects: 2, bytes: 3 } });
  });

  test('that is interrupted leaves the pointer, and what was uploaded counts', async () => {
    const large = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`f${index}`, Buffer.alloc(4_000_000, `${index} `)]),
    );
    const test = await bench(large);
    const running = start(['release', test.directory, ...test.words, '--s3-concurrency', '1'], test.settings);
    await expect
      .poll(async () => (await keysOf(test, 'app/blobs/')).length, { interval: 20 })
      .toBeGreaterThan(1);
    const { code, stdout, stderr } = await running.kill('SIGINT');
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toContain('interrupted by SIGINT: the pointer is where it was');
    expect(await keysOf(test, pointer)).toEqual([]);
    const there = (await keysOf(test, 'app/blobs/')).length;
    expect((await release(test)).stderr).toContain(`uploaded ${40 - there} files`);
  });

  test.each([
    ['a wrong secret', { WHERRY_S3_SECRET_ACCESS_KEY: 'wrong' }, [], 3, 'WHERRY_S3_CREDENTIALS: '],
    ['a bucket that is not there', {}, ['s3://no-such-bucket/app'], 4, 'has no such bucket'],
    [
      'a store that is not there',
      { WHERRY_S3_ENDPOINT: 'http://127.0.0.1:9' },
      [],
      5,
      'WHERRY_S3_ENDPOINT: ',
    ],
  ])('ends with the documented code for %s', async (_what, more, [address], code, message) => {
    const test = await bench();
    const { WHERRY_S3_BUCKET: _, ...own } = test.settings;
    const settings: Record<string, string> = { ...own, ...more };
    const words = [address ?? test.words[0] ?? '', ...test.words.slice(1)];
    const ended = await release({ ...test, settings, words });
    expect(ended).toMatchObject({ code, stdout: '' });
    expect(ended.stderr).toMatch(/^wherry: [^\n]+\n$/);
    expect(ended.stderr).toContain(message);
  });

  test('writes what a reader publishes, and takes it back', async () => {
    const test = await bench({
      'a.yaml': '1',
      'bin/run': { executable: '#!/bin/sh' },
      l: { link: 'bin/run' },
    });
    const target = join(await temporaryDirectory(), 'config');
    const reader = { ...s3Settings(test.place, { POINTER: pointer }), WHERRY_TARGET: target };
    await release(test, ['--rev', 'r1']);
    expect(await run(['init'], reader)).toMatchObject({ code: 0 });
    const first = { 'a.yaml': '1', 'bin/run': '#!/bin/sh', l: '-> bin/run' };
    expect(await readSet(target)).toEqual(first);
    expect(await modeOf(join(target, 'bin/run'))).toBe('755');
    await rm(join(test.directory, 'l'));
    await writeFile(join(test.directory, 'a.yaml'), '2');
    await release(test, ['--rev', 'r2']);
    await run(['init'], reader);
    expect(await readSet(target)).toEqual({ 'a.yaml': '2', 'bin/run': '#!/bin/sh' });
    await onPlace(test, ['--rollback']);
    await run(['init'], reader);
    expect(await readSet(target)).toEqual(first);
  });

  test('encrypts with the key that readers have', async () => {
    const test = await bench();
    const key = { WHERRY_S3_SSE_C_KEY: randomBytes(32).toString('base64') };
    const settings = { ...test.settings, ...key };
    expect(await release({ ...test, settings })).toMatchObject({ code: 0 });
    expect((await onPlace({ ...test, settings }, ['--list'])).stdout).toMatch(/^\* .* 1 file /);
    const target = join(await temporaryDirectory(), 'config');
    const reader = { ...s3Settings(test.place, { POINTER: pointer }), WHERRY_TARGET: target };
    expect((await run(['init'], { ...reader, WHERRY_INIT_TIMEOUT: '1s' })).code).not.toBe(0);
    expect((await run(['init'], { ...reader, ...key })).code).toBe(0);
    expect(await readSet(target)).toEqual({ a: '1' });
  });
});

describe('wherry release', () => {
  test('names all that is wrong with its arguments', async () => {
    const { code, stderr } = await run(['release', 'd', 'x', '--rev', 'a/b']);
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toEqual([
      'wherry: release: "x" is no place in a bucket; write s3://bucket/prefix',
      'wherry: --pointer: required; name the key that the readers have as WHERRY_S3_POINTER',
      expect.stringContaining('wherry: --rev: "a/b" is no name of a release'),
    ]);
  });

  test.each([
    ['release', '--help'],
    ['help', 'release'],
  ])('has its own help (%s %s)', async (...words) => {
    const { code, stdout } = await run(words);
    expect(code).toBe(0);
    expect(stdout).toContain('wherry release DIR s3://bucket/prefix --pointer KEY');
  });
});
