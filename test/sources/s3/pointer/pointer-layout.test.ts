import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { gnuTar, treeOnDisk } from '../../../support/archives.ts';
import { failureOf, soon } from '../../../support/calls.ts';
import { bucket, hasCeph } from '../../../support/ceph.ts';
import { Releaser } from '../../../support/s3-release.ts';
import { s3Source } from '../../../support/s3-source.ts';
import { take } from '../../../support/taking.ts';

const settings = { POINTER: 'app/current.json' };
const head = { apiVersion: 'wherry/v1', kind: 'Release', rev: 'r1', createdAt: '2026-11-22T23:59:59Z' };
const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
const fileOf = (path: string, key: string, text: string) => ({
  path,
  key,
  sha256: sha256(text),
  size: Buffer.byteLength(text),
  mode: '0644',
});

describe.skipIf(!hasCeph)('a set that a pointer names', () => {
  test('is what was released, with modes and links', async () => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    const large = 'x'.repeat(3_000_000);
    await writer.release(
      {
        'a.yaml': '1',
        'bin/run': { executable: '#!/bin/sh' },
        'sub/l': { link: '../a.yaml' },
        'ü b': '',
        large,
      },
      'r1',
    );
    await using test = await s3Source(place, { settings });
    const { snapshot, texts } = await take(test.source);
    expect(texts).toEqual({
      'a.yaml': '1',
      'bin/run': '#!/bin/sh',
      'sub/l': '-> ../a.yaml',
      'ü b': '',
      large,
    });
    expect(snapshot.entries.find(({ path }) => path === 'bin/run')).toMatchObject({ executable: true });
    expect(snapshot.entries[0]).toMatchObject({ path: 'a.yaml', fingerprint: `sha256:${sha256('1')}` });
    const document = await place.writer.text('app/current.json');
    expect(snapshot.revision).toBe(`release:r1@${sha256(document).slice(0, 12)}`);
    expect(snapshot.provenance).toMatchObject({ key: 'app/current.json', release: 'r1' });
  });

  test('costs one conditional request a poll, also after a restart', async () => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    await writer.release({ a: '1' }, 'r1');
    await using first = await s3Source(place, { settings });
    const { snapshot } = await take(first.source);
    expect(await first.source.probe(snapshot.revision, soon())).toEqual({ kind: 'unchanged' });
    expect(first.requests).toEqual(['get 200', 'get 200', 'get 304']);
    await using second = await s3Source(place, { settings, stateDir: first.stateDir });
    expect(await second.source.probe(snapshot.revision, soon())).toEqual({ kind: 'unchanged' });
    expect(second.requests).toEqual(['get 304']);
    expect((await take(second.source)).texts).toEqual({ a: '1' });
  });

  test('has its own name also where the same key was an object of the set before', async () => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    await writer.release({ a: '1' }, 'r1');
    await using object = await s3Source(place, { settings: { OBJECT: 'app/current.json' } });
    await take(object.source);
    await using test = await s3Source(place, { settings, stateDir: object.stateDir });
    expect((await take(test.source)).snapshot.revision).toMatch(/^release:r1@/);
  });

  test('moves with a release and back with a rollback, under the names that it had', async () => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    await using test = await s3Source(place, { settings });
    await writer.release({ a: '1' }, 'r1');
    const first = await take(test.source);
    await writer.release({ a: '2', b: '3' }, 'r2');
    const probe = await test.source.probe(first.snapshot.revision, soon());
    expect(probe).toMatchObject({ kind: 'moved', revision: expect.stringMatching(/^release:r2@/) });
    expect((await take(test.source)).texts).toEqual({ a: '2', b: '3' });
    await writer.rollBack();
    expect(await test.source.probe(undefined, soon())).toEqual({
      kind: 'moved',
      revision: first.snapshot.revision,
    });
    expect((await take(test.source)).texts).toEqual({ a: '1' });
  });

  test('is what the globs take of it', async () => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    await writer.release({ 'a.yaml': '1', 'b.txt': '2' }, 'r1');
    const some = { ...settings, WHERRY_INCLUDE: '*.yaml', WHERRY_MAX_FILES: '1' };
    await using test = await s3Source(place, { settings: some });
    expect((await take(test.source)).texts).toEqual({ 'a.yaml': '1' });
  });

  test.each([
    [{ WHERRY_MAX_FILES: '1' }, 'WHERRY_MAX_FILES: the release has 2 files, more than 1'],
    [{ WHERRY_MAX_BYTES: '2B' }, 'WHERRY_MAX_BYTES: the release has 4 bytes, more than 2B'],
  ])('that is too large (%j) is refused before anything of it is fetched', async (limits, message) => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    await writer.release({ a: '11', b: '22' }, 'r1');
    await using test = await s3Source(place, { settings: { ...settings, ...limits } });
    const failure = await failureOf(test.source.snapshot(soon()));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toContain(message);
    expect(test.requests).toEqual(['get 200']);
  });

  test.each([
    ['other bytes', 'evil', 'has the SHA-256'],
    ['fewer bytes', 'e', 'has 1 bytes, not the 4'],
    ['more bytes', 'evil!', 'has more than the 4 bytes'],
    ['more bytes, many', 'x'.repeat(600_000), 'has more than the 4 bytes'],
  ])('is refused when an object that it names has %s', async (_, text, fault) => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    await writer.release({ a: 'good' }, 'r1');
    const key = `app/blobs/${sha256('good').slice(0, 2)}/${sha256('good')}`;
    await place.writer.put(key, text);
    await using test = await s3Source(place, { settings });
    const failure = await failureOf(take(test.source));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toContain(`the object "${key}", which is to be "a", ${fault}`);
  });

  test('is missing when an object that it names is, by its key', async () => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    await writer.release({ a: 'good' }, 'r1');
    const key = `app/blobs/${sha256('good').slice(0, 2)}/${sha256('good')}`;
    await place.writer.delete(key);
    await using test = await s3Source(place, { settings });
    const failure = await failureOf(take(test.source));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toContain('names what is not there: ');
    expect(failure.message).toContain(key);
  });

  test('that nobody can understand has a revision, and is refused', async () => {
    const place = await bucket();
    await place.writer.put(
      'app/current.json',
      JSON.stringify({ ...head, apiVersion: 'wherry/v9', files: [] }),
    );
    await using test = await s3Source(place, { settings });
    expect(await test.source.probe(undefined, soon())).toMatchObject({
      kind: 'moved',
      revision: expect.stringMatching(/^etag:/),
    });
    const failure = await failureOf(test.source.snapshot(soon()));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toContain('is wrong at /apiVersion, which is "wherry/v9"');
    expect(await failureOf(test.source.snapshot(soon()))).toMatchObject({ kind: 'refused' });
  });

  test('that is too large to be one is refused', async () => {
    const place = await bucket();
    await place.writer.put('app/current.json', Buffer.alloc(16 * 1024 * 1024 + 1, ' '));
    await using test = await s3Source(place, { settings });
    await expect(test.source.snapshot(soon())).rejects.toThrow('is larger than 16MiB');
  });

  test('that is not there is missing, by the name of the setting', async () => {
    const place = await bucket();
    await using test = await s3Source(place, { settings });
    const failure = await failureOf(test.source.probe(undefined, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toContain('WHERRY_S3_POINTER');
  });

  test('can have its files in a manifest, which must be the one that it names', async () => {
    const place = await bucket();
    await place.writer.put('k', '1');
    const manifest = JSON.stringify({ ...head, files: [fileOf('a', 'k', '1')] });
    await place.writer.put('m.json', manifest);
    const pointer = { ...head, manifest: { key: 'm.json', sha256: sha256(manifest) } };
    await place.writer.put('app/current.json', JSON.stringify(pointer));
    await using test = await s3Source(place, { settings });
    expect((await take(test.source)).texts).toEqual({ a: '1' });
    await place.writer.put('m.json', `${manifest}\n`);
    await expect(test.source.snapshot(soon())).rejects.toThrow('the manifest "m.json" in s3://');
    const failure = await failureOf(test.source.snapshot(soon()));
    expect(failure.kind).toBe('refused');
    expect(failure.message).toContain(`and the pointer says ${sha256(manifest)}`);
  });

  test('can have its files in an archive, which must be the one that it names', async () => {
    const place = await bucket();
    const archive = gnuTar(await treeOnDisk({ a: '1', 'bin/b': { executable: '2' } }), '-z');
    await place.writer.put('r/1.tar.gz', archive);
    const named = { key: 'r/1.tar.gz', sha256: sha256(archive), size: archive.byteLength };
    await place.writer.put('app/current.json', JSON.stringify({ ...head, archive: named }));
    await using test = await s3Source(place, { settings });
    expect((await take(test.source)).texts).toEqual({ a: '1', 'bin/b': '2' });
    const other = Buffer.from(archive);
    other[4] = (other[4] ?? 0) ^ 1;
    await place.writer.put('r/1.tar.gz', other);
    expect(await failureOf(test.source.snapshot(soon()))).toMatchObject({ kind: 'refused' });
    await place.writer.put('r/1.tar.gz', 'short');
    await expect(test.source.snapshot(soon())).rejects.toThrow('has 5 bytes, and the release says');
  });
});

describe.skipIf(!hasCeph)('a pointer of plain text', () => {
  test('names a prefix', async () => {
    const place = await bucket();
    await place.writer.putAll([
      ['r/41/a', 'old'],
      ['r/42/a', '1'],
      ['r/42/sub/b', '2'],
    ]);
    await place.writer.put('app/current.json', 'r/42/\n');
    await using test = await s3Source(place, { settings });
    const { texts, snapshot } = await take(test.source);
    expect(texts).toEqual({ a: '1', 'sub/b': '2' });
    expect(snapshot.revision).toMatch(/^etag:/);
    await place.writer.put('app/current.json', 'r/41/\n');
    expect(await test.source.probe(snapshot.revision, soon())).toMatchObject({ kind: 'moved' });
    expect((await take(test.source)).texts).toEqual({ a: 'old' });
  });

  test('is named by its own setting where a key below its prefix cannot be a path', async () => {
    const place = await bucket();
    await place.writer.putAll(['r/42/a', 'r/42//b']);
    await place.writer.put('app/current.json', 'r/42/');
    await using test = await s3Source(place, { settings });
    const { kind, details } = await failureOf(test.source.snapshot(soon()));
    expect({ kind, setting: details.setting }).toEqual({ kind: 'refused', setting: 'WHERRY_S3_POINTER' });
  });

  test('names an archive', async () => {
    const place = await bucket();
    await place.writer.put('r/42.tar', gnuTar(await treeOnDisk({ a: '1' })));
    await place.writer.put('app/current.json', 'r/42.tar');
    await using test = await s3Source(place, { settings });
    expect((await take(test.source)).texts).toEqual({ a: '1' });
  });

  test('names one file', async () => {
    const place = await bucket();
    await place.writer.put('r/42/app.yaml', 'a: 1');
    await place.writer.put('app/current.json', 'r/42/app.yaml');
    await using test = await s3Source(place, { settings });
    expect((await take(test.source)).texts).toEqual({ 'app.yaml': 'a: 1' });
  });

  test.each([
    ['r/43/', 'below the prefix "r/43/"'],
    ['r/43.yaml', 'r/43.yaml'],
  ])('that names %s, which is not there, is missing it', async (text, named) => {
    const place = await bucket();
    await place.writer.put('app/current.json', text);
    await using test = await s3Source(place, { settings });
    const failure = await failureOf(test.source.snapshot(soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toContain('the pointer "app/current.json" names what is not there: ');
    expect(failure.message).toContain(named);
  });
});

describe.skipIf(!hasCeph)('a state of before', () => {
  test('is found by the name of its release, with and without the digest', async () => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    await writer.release({ a: '1' }, 'r1');
    await using newest = await s3Source(place, { settings });
    const { revision } = await newest.source.snapshot(soon());
    await writer.release({ a: '2' }, 'r2');
    for (const pin of [revision, 'release:r1']) {
      await using test = await s3Source(place, { settings, revision: pin });
      expect(await test.source.probe(undefined, soon())).toEqual({ kind: 'moved', revision });
      expect((await take(test.source)).texts).toEqual({ a: '1' });
      const before = test.requests.length;
      expect(await test.source.probe(revision, soon())).toEqual({ kind: 'unchanged' });
      expect(test.requests).toHaveLength(before);
    }
    await using asOf = await s3Source(place, { settings: { ...settings, AS_OF: 'release:r1' } });
    expect((await take(asOf.source)).texts).toEqual({ a: '1' });
    await using present = await s3Source(place, { settings, revision: 'release:r2' });
    expect((await take(present.source)).texts).toEqual({ a: '2' });
  });

  test('is missing when no release has the name, or another one has', async () => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    await writer.release({ a: '1' }, 'r1');
    await writer.release({ a: '2' }, 'r2');
    for (const [pin, named] of [
      ['release:r9', 'app/releases/r9.json'],
      ['release:r1@000000000000', 'what is kept as "app/releases/r1.json" is another one'],
      ['main', '"main" is no state of a pointer'],
    ] as const) {
      const failure = await failureOf(
        (async () => {
          await using test = await s3Source(place, { settings, revision: pin });
          await test.source.snapshot(soon());
        })(),
      );
      expect(failure.kind).toBe('missing');
      expect(failure.message).toContain(named);
    }
  });

  test('that is not there is told by what asked for it', async () => {
    const place = await bucket();
    await using writer = await Releaser.open(place);
    await writer.release({ a: '1' }, 'r1');
    for (const [asked, problem] of [
      [
        'release:r9',
        'no longer names the release r9, and "app/releases/r9.json" is not there; name a release',
      ],
      ['nowhere', 'has no version "nowhere"'],
    ] as const) {
      await using test = await s3Source(place, { settings: { ...settings, AS_OF: asked } });
      const { message } = await failureOf(test.source.snapshot(soon()));
      expect(message).toContain(problem);
      expect(message).toMatch(/^WHERRY_S3_AS_OF: /);
    }
    await using test = await s3Source(place, { settings: { POINTER: 'gone', AS_OF: 'release:r1' } });
    const { message } = await failureOf(test.source.snapshot(soon()));
    expect(message).toMatch(/^WHERRY_S3_POINTER: the object "gone" .* does not exist/);
  });

  test('is found by the version of the pointer where the bucket keeps versions', async () => {
    const place = await bucket({ versioning: true });
    // Where a bucket keeps versions, not every Ceph can compare.
    await using writer = await Releaser.open(place, false);
    await writer.release({ a: '1' }, 'r1');
    await using newest = await s3Source(place, { settings });
    const { provenance, revision } = await newest.source.snapshot(soon());
    await writer.release({ a: '2' }, 'r2');
    const asOf = { ...settings, AS_OF: provenance?.['versionId'] ?? '' };
    await using test = await s3Source(place, { settings: asOf });
    expect((await take(test.source)).snapshot.revision).toBe(revision);
  });
});
