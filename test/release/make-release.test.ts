import { appendFileSync } from 'node:fs';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RefusedError, UnsettledError } from '../../src/failure/failure.ts';
import type { Target } from '../../src/release/current.ts';
import { type MakeOptions, makeRelease } from '../../src/release/make-release.ts';
import { parsePlace } from '../../src/release/place.ts';
import { listReleases } from '../../src/release/releases.ts';
import { rollBack } from '../../src/release/roll-back.ts';
import { loadSettings } from '../../src/settings/settings.ts';
import { failureOf } from '../support/calls.ts';
import { MemoryBucket } from '../support/memory-bucket.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { signal } = new AbortController();
const place = parsePlace('s3://memory/app') ?? { bucket: { text: '', accessPoint: undefined }, prefix: '' };
const quiet = { onLeftOut: () => undefined, onUpload: () => undefined, onUploaded: () => undefined };

class Bench {
  readonly bucket = new MemoryBucket();
  readonly directory: string;
  readonly target: Target = { bucket: this.bucket, place, pointer: 'app/current', comparesAndSwaps: true };

  constructor(directory: string) {
    this.directory = directory;
  }

  async release(
    files: Readonly<Record<string, string>>,
    more: Partial<MakeOptions> = {},
    target = this.target,
  ) {
    await rm(this.directory, { recursive: true, force: true });
    await mkdir(this.directory);
    for (const [path, text] of Object.entries(files)) await writeFile(join(this.directory, path), text);
    return this.again(more, target);
  }

  again(more: Partial<MakeOptions> = {}, target = this.target) {
    const { settings } = loadSettings({ env: {}, flags: new Map(), complete: false });
    const options = { settings, directory: this.directory, rev: undefined, message: undefined };
    return makeRelease(target, { ...options, dryRun: false, force: false, observer: quiet, ...more }, signal);
  }

  rollBack(rev?: string) {
    return rollBack(this.target, { rev, dryRun: false, force: false, parallel: 4 }, signal);
  }

  get pointer(): { readonly rev: string } {
    return JSON.parse(this.bucket.objects.get('app/current')?.toString() ?? '{}');
  }

  takeRequests(): readonly string[] {
    return this.bucket.requests.splice(0);
  }
}

async function bench(): Promise<Bench> {
  return new Bench(join(await temporaryDirectory(), 'set'));
}

describe('a release', () => {
  test('writes contents, then its document, and the pointer last', async () => {
    const test = await bench();
    const { rev, result } = await test.release({ a: '1' }, { rev: 'r1' });
    expect({ rev, result }).toEqual({ rev: 'r1', result: 'released' });
    const blob = 'app/blobs/6b/6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b';
    expect(test.takeRequests()).toEqual([
      'read app/current',
      `size ${blob}`,
      `put ${blob} if new`,
      'read app/releases/r1.json',
      'put app/releases/r1.json if new',
      'put app/releases/r1.json if new',
      'put app/releases/r1.json if same',
      'put app/current if new',
    ]);
    expect(test.bucket.objects.get('app/current')).toEqual(test.bucket.objects.get('app/releases/r1.json'));
  });

  test('is called by its time and its content', async () => {
    const test = await bench();
    const first = await test.release({ a: '1' });
    expect(first.rev).toMatch(/^\d{8}T\d{6}Z-[0-9a-f]{8}$/);
    expect((await test.release({ a: '2' })).rev.slice(-8)).not.toBe(first.rev.slice(-8));
  });

  test('uploads equal contents once, and those that are there not again', async () => {
    const test = await bench();
    expect((await test.release({ a: '1', b: '1', c: '2' })).uploads).toEqual({ objects: 2, bytes: 2 });
    expect((await test.release({ a: '1', b: '3', c: '2' })).uploads).toEqual({ objects: 1, bytes: 1 });
  });

  test('of what the pointer names already moves nothing, unless it is forced', async () => {
    const test = await bench();
    await test.release({ a: '1' }, { rev: 'r1' });
    test.takeRequests();
    expect(await test.again({ rev: 'r2' })).toMatchObject({ result: 'unchanged', rev: 'r1' });
    expect(test.takeRequests()).toEqual(['read app/current']);
    expect(await test.again({ rev: 'r2', force: true })).toMatchObject({ result: 'released', rev: 'r2' });
  });

  test('that only looks writes nothing', async () => {
    const test = await bench();
    const made = await test.release({ a: '1', b: '22' }, { dryRun: true });
    expect(made).toMatchObject({ result: 'dry-run', uploads: { objects: 2, bytes: 3 } });
    expect(test.bucket.objects.size).toBe(0);
  });

  test('looks for many contents in a listing, and no longer than that is worth', async () => {
    const test = await bench();
    const files = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`f${index}`, `${index}`]));
    await test.release(files);
    expect(test.takeRequests().filter((request) => /^(list|size)/.test(request))).toEqual([
      'list app/blobs/',
    ]);
    test.bucket.pageLength = 5;
    await test.release({ ...files, more: 'more' });
    const looks = test.takeRequests().filter((request) => /^(list|size)/.test(request));
    expect(looks.filter((request) => request.startsWith('list'))).toHaveLength(6);
    expect(looks.filter((request) => request.startsWith('size'))).toHaveLength(41);
  });

  test('uploads what it may not look for', async () => {
    const test = await bench();
    test.bucket.isDiscreet = true;
    expect((await test.release({ a: '1' })).uploads.objects).toBe(1);
  });

  test('refuses a content that something wrote over', async () => {
    const test = await bench();
    await test.release({ a: '1' });
    for (const key of test.bucket.objects.keys())
      if (key.includes('blobs')) test.bucket.objects.set(key, Buffer.from('xx'));
    await expect(test.release({ a: '1', b: '2' })).rejects.toThrow(
      'has 2 bytes, and should have 1: something wrote over it',
    );
  });

  test('of a file that changes meanwhile leaves the pointer alone', async () => {
    const test = await bench();
    test.bucket.beforePut = () => appendFileSync(join(test.directory, 'a'), 'x');
    const slow = test.release({ a: '1'.repeat(100_000) });
    const failure = await failureOf(slow);
    expect(failure).toBeInstanceOf(UnsettledError);
    expect(failure.message).toContain('changed while it was being released');
    expect([...test.bucket.objects]).toEqual([]);
  });

  test.each([
    ['nothing', {}, 'WHERRY_ALLOW_EMPTY'],
    ['a name that starts with two dots', { '..data': '1' }, '"..data"'],
  ])('refuses %s', async (_, files, named) => {
    const failure = await failureOf((await bench()).release(files));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure.message).toContain(named);
  });

  test('refuses a link that leaves the directory', async () => {
    const test = await bench();
    await test.release({ a: '1' });
    await symlink('../../etc/passwd', join(test.directory, 'l'));
    await expect(test.again()).rejects.toThrow('leaves the set');
  });

  test('refuses to write over an object that is no pointer', async () => {
    const test = await bench();
    test.bucket.objects.set('app/current', Buffer.from('server:\n  port: 80\n'));
    await expect(test.release({ a: '1' })).rejects.toThrow(
      'what is there is no pointer, and is not written over',
    );
    expect(test.bucket.objects.size).toBe(1);
  });

  test.each([undefined, 'r1'])(
    'leaves plain text alone, which may be a file (rollback to %s)',
    async (rev) => {
      const test = await bench();
      await test.release({ a: '1' }, { rev: 'r1' });
      test.bucket.objects.set('app/current', Buffer.from('level: info\n'));
      await expect(rev === undefined ? test.again() : test.rollBack(rev)).rejects.toThrow(
        's3://memory/app/current is plain text and no release, and is not written over; name another key, or give --force',
      );
      expect(test.bucket.objects.get('app/current')?.toString()).toBe('level: info\n');
    },
  );

  test('takes the place of a pointer of plain text when it is forced', async () => {
    const test = await bench();
    test.bucket.objects.set('app/current', Buffer.from('releases/42/\n'));
    expect(await test.release({ a: '1' }, { force: true })).toMatchObject({
      result: 'released',
      previous: undefined,
    });
  });

  test('under a name that another one has is refused', async () => {
    const test = await bench();
    await test.release({ a: '1' }, { rev: 'r1' });
    await expect(test.release({ a: '2' }, { rev: 'r1' })).rejects.toThrow('there is a release "r1" already');
    expect(test.pointer.rev).toBe('r1');
  });
});

describe('a release that did not come to its end', () => {
  test('is made by the next try, under the same name', async () => {
    const test = await bench();
    await test.release({ a: '1' }, { rev: 'r1' });
    const before = test.bucket.objects.get('app/current') ?? Buffer.alloc(0);
    await test.release({ a: '2' }, { rev: 'r2', message: 'two' });
    const written = test.bucket.objects.get('app/releases/r2.json')?.toString() ?? '';
    const kept = Buffer.from(written.replace(/("createdAt":\s*)"[^"]*"/, '$1"2026-11-22T23:59:59Z"'));
    test.bucket.objects.set('app/releases/r2.json', kept);
    for (const comparesAndSwaps of [true, false]) {
      test.bucket.objects.set('app/current', before);
      await test.again({ rev: 'r2', message: 'two' }, { ...test.target, comparesAndSwaps });
      expect(test.bucket.objects.get('app/current')).toEqual(kept);
      expect(test.bucket.objects.get('app/releases/r2.json')).toEqual(kept);
    }
  });

  test('is not taken for one with another message', async () => {
    const test = await bench();
    await test.release({ a: '1' }, { rev: 'r1' });
    test.bucket.objects.delete('app/current');
    await expect(test.again({ rev: 'r1', message: 'other' })).rejects.toThrow('there is a release "r1"');
  });
});

describe('of two writers', () => {
  test('the slower one leaves the pointer, and says who was faster', async () => {
    const test = await bench();
    await test.release({ a: '1' }, { rev: 'r1' });
    const before = test.bucket.objects.get('app/current') ?? Buffer.alloc(0);
    await test.release({ a: '2' }, { rev: 'r2' });
    const other = test.bucket.objects.get('app/current') ?? Buffer.alloc(0);
    test.bucket.objects.set('app/current', before);
    test.bucket.beforePut = (key) => {
      if (key === 'app/current') test.bucket.objects.set(key, other);
    };
    const failure = await failureOf(test.release({ a: '3' }, { rev: 'r3' }));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure.message).toContain('another writer was faster: s3://memory/app/current now is at r2');
    expect(test.pointer.rev).toBe('r2');
  });

  test('one whose answer was lost was not beaten by itself', async () => {
    const test = await bench();
    await test.release({ a: '1' }, { rev: 'r1' });
    for (const key of ['app/current', 'app/releases/r2.json']) {
      test.bucket.loseAnswerOf = key;
      await test.release({ a: key }, { rev: key === 'app/current' ? 'r1b' : 'r2' });
    }
    expect(test.pointer.rev).toBe('r2');
  });
});

describe('a store', () => {
  test('that takes no notice of conditions does not lose an earlier release of that name', async () => {
    const test = await bench();
    await test.release({ a: '1' }, { rev: 'r1' });
    const kept = test.bucket.objects.get('app/releases/r1.json');
    test.bucket.manner = 'takes-no-notice';
    await expect(test.release({ a: '2' }, { rev: 'r1' })).rejects.toThrow('there is a release "r1" already');
    expect(test.bucket.objects.get('app/releases/r1.json')).toEqual(kept);
  });

  test('that compares ETags without quotes is written to all the same', async () => {
    const test = await bench();
    test.bucket.manner = 'compares-without-quotes';
    await test.release({ a: '1' });
    expect(await test.release({ a: '2' })).toMatchObject({ result: 'released' });
  });

  test('that takes no notice of conditions is found out before the pointer is moved', async () => {
    const test = await bench();
    test.bucket.manner = 'takes-no-notice';
    await expect(test.release({ a: '1' })).rejects.toThrow(
      's3://memory cannot compare and swap: it took no notice of If-Match; the pointer was left alone; give --no-compare-and-swap',
    );
    expect(test.bucket.objects.has('app/current')).toBe(false);
    const target = { ...test.target, comparesAndSwaps: false };
    test.takeRequests();
    expect(await test.again({ rev: 'r1' }, target)).toMatchObject({ result: 'released' });
    expect(test.takeRequests().filter((request) => request.includes(' if '))).toEqual([]);
  });
});

describe('a store whose conditions mean nothing', () => {
  test.each([
    ['compares-with-nothing', 'it took no notice of If-None-Match'],
    ['refuses', 'it refuses If-Match though nobody has moved the pointer'],
  ] as const)('(it %s) is found out', async (manner, found) => {
    const test = await bench();
    await test.release({ a: '1' }, { rev: 'r1' });
    test.bucket.manner = manner;
    await expect(test.release({ a: '2' })).rejects.toThrow(`s3://memory cannot compare and swap: ${found}`);
    expect(test.pointer.rev).toBe('r1');
  });
});

describe('a rollback', () => {
  test('goes to the release that the pointer named before, and on to the one before that', async () => {
    const test = await bench();
    for (const rev of ['r1', 'r2', 'r3']) await test.release({ a: rev }, { rev });
    expect(await test.rollBack()).toEqual({ result: 'rolled-back', rev: 'r2', previous: 'r3' });
    await test.release({ a: 'r4' }, { rev: 'r4' });
    expect(await test.rollBack()).toMatchObject({ rev: 'r2' });
    expect(await test.rollBack()).toMatchObject({ rev: 'r1' });
    await expect(test.rollBack()).rejects.toThrow('is at r1, which is the first release');
  });

  test('goes to any release by its name, forwards too', async () => {
    const test = await bench();
    for (const rev of ['r1', 'r2']) await test.release({ a: rev }, { rev });
    expect(await test.rollBack('r1')).toMatchObject({ result: 'rolled-back', rev: 'r1' });
    expect(await test.rollBack('r1')).toMatchObject({ result: 'unchanged' });
    expect(await test.rollBack('r2')).toMatchObject({ result: 'rolled-back', rev: 'r2' });
    await expect(test.rollBack('r9')).rejects.toThrow(
      'there is no release "r9" in s3://memory/app/releases/; the newest are r2, r1',
    );
  });

  test('to a release of which something is gone is refused', async () => {
    const test = await bench();
    for (const rev of ['r1', 'r2']) await test.release({ a: rev, b: `${rev}b` }, { rev });
    for (const key of [...test.bucket.objects.keys()].filter((name) => name.includes('blobs')).slice(0, 2))
      test.bucket.objects.delete(key);
    const failure = await failureOf(test.rollBack('r1'));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure.message).toMatch(
      /r1 is no longer whole: s3:\/\/memory\/app\/blobs\/\S+ is not there, one of 2 objects/,
    );
    expect(test.pointer.rev).toBe('r2');
  });
});

test('a list has the newest first, and the current one however old it is', async () => {
  const test = await bench();
  for (const rev of ['r1', 'r2', 'r3']) await test.release({ a: rev }, { rev, message: `of ${rev}` });
  await test.rollBack('r1');
  const { releases, older } = await listReleases(test.target, 1, signal);
  expect(older).toBe(1);
  expect(releases).toMatchObject([
    { rev: 'r3', isCurrent: false, files: 1, bytes: 2, message: 'of r3' },
    { rev: 'r1', isCurrent: true },
  ]);
});
