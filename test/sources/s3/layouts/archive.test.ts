import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { RefusedError, UnreachableError } from '../../../../src/failure/failure.ts';
import { packTar } from '../../../support/archives.ts';
import { failureOf, soon } from '../../../support/calls.ts';
import { faults, s3FaultServer } from '../../../support/s3-fault-server.ts';
import { s3Source } from '../../../support/s3-source.ts';
import { filesOf, MemorySink, take } from '../../../support/taking.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

const key = 'releases/set.tar.gz';
const setOf = async (files: Readonly<Record<string, string>>) =>
  gzipSync(await packTar(...Object.entries(files).map(([name, content]) => ({ name, content }))));

async function world() {
  const server = await s3FaultServer();
  const bucket = server.createBucket('cfg');
  const stateDir = await temporaryDirectory();
  const directory = join(stateDir, 's3');
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const place = { endpoint, accessKeyId, secretAccessKey, name: 'cfg' };
  const open = (settings: Readonly<Record<string, string>> = {}) =>
    s3Source(place, { settings: { ARCHIVE: key, ...settings }, stateDir });
  const spools = async () => (await readdir(directory)).filter((name) => name.endsWith('.spool'));
  return { server, bucket, directory, open, spools };
}

describe('the layout archive', () => {
  test('takes the content of the archive as the set, by one download', async () => {
    const { server, bucket, open, spools } = await world();
    bucket.put(key, await setOf({ 'app.yaml': 'port: 80', 'd/b': 'b' }));
    await using opened = await open();
    const { source } = opened;
    const probe = await source.probe(undefined, soon());
    const { revision, entries, provenance } = await source.snapshot(soon());
    expect(probe).toEqual({ kind: 'moved', revision });
    expect(revision).toMatch(/^etag:/);
    expect(provenance).toMatchObject({ key, etag: expect.any(String) });
    expect(entries.map(({ path }) => path)).toEqual(['app.yaml', 'd/b']);
    expect(await spools()).toHaveLength(1);
    const sink = new MemorySink();
    await source.write(filesOf(entries), sink, soon());
    expect(sink.files.get('app.yaml')?.toString()).toBe('port: 80');
    expect(await spools()).toEqual([]);
    expect(server.requests).toHaveLength(1);
    expect(await source.probe(revision, soon())).toEqual({ kind: 'unchanged' });
  });

  test('calls equal contents by equal fingerprints, whatever the archive', async () => {
    const { bucket, open } = await world();
    await using opened = await open();
    const { source } = opened;
    bucket.put(key, await setOf({ a: 'same', b: 'old' }));
    const first = await source.snapshot(soon());
    await source.write([], new MemorySink(), soon());
    bucket.put(key, await setOf({ a: 'same', b: 'new' }));
    await source.probe(first.revision, soon());
    const second = await source.snapshot(soon());
    expect(second.revision).not.toBe(first.revision);
    expect(second.entries[0]).toEqual(first.entries[0]);
    expect(second.entries[1]).not.toEqual(first.entries[1]);
  });

  test('keeps nothing on disk once the set was taken, with no file wanted too', async () => {
    const { bucket, open, spools } = await world();
    bucket.put(key, await setOf({ a: 'a' }));
    await using opened = await open();
    const { source } = opened;
    await source.snapshot(soon());
    await source.write([], new MemorySink(), soon());
    expect(await spools()).toEqual([]);
  });

  test('keeps nothing on disk when the set was not taken', async () => {
    const { bucket, open, spools } = await world();
    bucket.put(key, await setOf({ a: 'a' }));
    const opened = await open();
    const { source } = opened;
    await source.snapshot(soon());
    await source.snapshot(soon());
    expect(await spools()).toHaveLength(1);
    await opened[Symbol.asyncDispose]();
    expect(await spools()).toEqual([]);
  });

  test('removes what a killed run left', async () => {
    const { bucket, open, spools, directory } = await world();
    bucket.put(key, await setOf({ a: 'a' }));
    await using opened = await open();
    const { source } = opened;
    await source.snapshot(soon());
    await writeFile(join(directory, 'archive-of-a-killed-run.spool'), 'x');
    await using next = await open();
    await next.source.snapshot(soon());
    expect(await spools()).not.toContain('archive-of-a-killed-run.spool');
  });

  test('keeps no copy of an archive whose content turned out to be no news, past the next poll', async () => {
    const { bucket, open, spools } = await world();
    bucket.put(key, await setOf({ a: 'a' }));
    bucket.put('current', key);
    for (const settings of [{}, { ARCHIVE: '', POINTER: 'current' }]) {
      await using opened = await open(settings);
      const { source } = opened;
      const { revision } = await source.snapshot(soon());
      expect(await spools()).toHaveLength(1);
      await source.probe(revision, soon());
      expect(await spools()).toEqual([]);
    }
  });

  test('refuses a hostile archive whole, and takes the next one', async () => {
    const { bucket, open, spools } = await world();
    bucket.put(key, await setOf({ good: 'x', '../evil': 'x' }));
    await using opened = await open();
    const { source } = opened;
    const failure = await failureOf(source.snapshot(soon()));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure.message).toContain(
      `WHERRY_S3_ARCHIVE: the archive "${key}": the path "../evil" starts with`,
    );
    expect(await spools()).toEqual([]);
    bucket.put(key, await setOf({ good: 'y' }));
    await source.probe(undefined, soon());
    expect((await take(source)).texts).toEqual({ good: 'y' });
  });

  test('leaves out what the globs leave out', async () => {
    const { bucket, open } = await world();
    bucket.put(key, await setOf({ 'a.yaml': 'a', 'README.md': 'no', '../evil': 'x' }));
    await using opened = await open({ WHERRY_EXCLUDE: '*.md,../**' });
    const { source } = opened;
    expect((await take(source)).texts).toEqual({ 'a.yaml': 'a' });
  });

  test('refuses a page that stands in the place of an archive', async () => {
    const { bucket, open } = await world();
    bucket.put(key, '<!DOCTYPE html><html><body>Please log in</body></html>');
    await using opened = await open();
    const { source } = opened;
    const failure = await failureOf(source.snapshot(soon()));
    expect(failure.message).toContain('holds an HTML page, where its name says gzip data');
  });

  test('takes no download that breaks off for a bad archive', async () => {
    const { server, bucket, open, spools } = await world();
    bucket.put(key, await setOf({ a: 'a'.repeat(1000), b: 'b' }));
    server.arm(faults.shortBody(40), { times: 100 });
    await using opened = await open();
    const { source } = opened;
    const failure = await failureOf(source.snapshot(soon()));
    expect(failure).toBeInstanceOf(UnreachableError);
    expect(await spools()).toEqual([]);
    server.disarm();
    await source.probe(undefined, soon());
    expect((await take(source)).texts).toMatchObject({ b: 'b' });
  });

  test('downloads again when the local copy was lost', async () => {
    const { bucket, open, directory, spools } = await world();
    bucket.put(key, await setOf({ a: 'a' }));
    await using opened = await open();
    const { source } = opened;
    const { entries } = await source.snapshot(soon());
    for (const name of await spools()) await writeFile(join(directory, name), 'damaged');
    const failure = await failureOf(source.write(filesOf(entries), new MemorySink(), soon()));
    expect(failure).toBeInstanceOf(UnreachableError);
    expect((await take(source)).texts).toEqual({ a: 'a' });
  });
});
