import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { MissingError, RefusedError, SettingsError } from '../../../../src/failure/failure.ts';
import { failureOf, soon } from '../../../support/calls.ts';
import { bucket, type CephBucket, hasCeph } from '../../../support/ceph.ts';
import { s3Source } from '../../../support/s3-source.ts';
import { read } from './prefix-bench.ts';

type Settings = Readonly<Record<string, string>>;

const large = Buffer.alloc(5 * 1024 * 1024 + 7, 'large ');

/** What the source of these settings has now, and what it calls that. */
async function taken(place: CephBucket, settings: Settings, revision?: string) {
  const changes = revision === undefined ? {} : { revision };
  await using made = await s3Source(place, { settings: { PREFIX: 'conf', ...settings }, ...changes });
  const { source } = made;
  const probe = await source.probe(undefined, soon());
  const files = await read(source, soon());
  if (files['large'] === large.toString()) files['large'] = 'as it was put';
  const requests = made.requests.length;
  const named = probe.kind === 'moved' ? probe.revision : undefined;
  expect(await source.probe(named, soon())).toEqual({ kind: 'unchanged' });
  return { files, revision: named ?? '', cost: made.requests.slice(requests) };
}

/** Two files and one that came in parts. */
async function release({ writer }: CephBucket, number: number, markerKey?: string): Promise<void> {
  await writer.put('conf/a b+c.yaml', `a ${number}`);
  await writer.put('conf/sub/ü.yaml', `ü ${number}`);
  await writer.putParts('conf/large', [large.subarray(0, 5 * 1024 * 1024), large.subarray(5 * 1024 * 1024)]);
  if (markerKey !== undefined) await writer.put(markerKey, `release ${number}`);
}

function setOf(number: number): Record<string, string> {
  return { 'a b+c.yaml': `a ${number}`, 'sub/ü.yaml': `ü ${number}`, large: 'as it was put' };
}

describe.skipIf(!hasCeph)('a prefix of a bucket of Ceph', () => {
  test('is taken when it has settled, and polled by a listing', async () => {
    const place = await bucket();
    await release(place, 1);
    await place.writer.put('config/sibling', 'x');
    const { files, revision, cost } = await taken(place, { SETTLE: '100ms' });
    expect(files).toEqual(setOf(1));
    expect(revision).toMatch(/^listing:/);
    expect(cost).toEqual(['list 200']);
  });

  test.each(['conf/.done', 'done/conf'])(
    'is taken behind its marker %s, and polled by a HEAD',
    async (marker) => {
      const place = await bucket();
      await release(place, 1, marker);
      const { files, revision, cost } = await taken(place, { MARKER: marker });
      expect(files).toEqual(setOf(1));
      expect(revision).toMatch(/^etag:/);
      expect(cost).toEqual(['head 200']);
    },
  );

  test.each(['conf/.done', 'done/conf'])(
    'has the release of its marker %s while the next one is written, and later',
    async (marker) => {
      const place = await bucket({ versioning: true });
      await release(place, 1, marker);
      await release(place, 2);
      await place.writer.delete('conf/large');
      const first = await taken(place, { MARKER: marker });
      expect(first.files).toEqual(setOf(1));
      await place.writer.put(marker, 'release 2');
      const { large: _, ...second } = setOf(2);
      expect((await taken(place, { MARKER: marker })).files).toEqual(second);
      const past = await taken(place, { MARKER: marker }, first.revision);
      expect(past).toEqual({ files: setOf(1), revision: first.revision, cost: [] });
      const gone = taken(place, { MARKER: marker }, `${first.revision}x`);
      expect(await failureOf(gone)).toBeInstanceOf(MissingError);
    },
  );

  test('is refused for a key that cannot be a path, or taken without it where such are to be skipped', async () => {
    const place = await bucket();
    await place.writer.putAll(['conf/a', 'conf//b', 'conf/../c']);
    expect(await failureOf(taken(place, { SETTLE: '10ms' }))).toBeInstanceOf(RefusedError);
    const { files } = await taken(place, { SETTLE: '10ms', BAD_KEYS: 'skip' });
    expect(files).toEqual({ a: 'conf/a' });
  });

  test('is what it was at a time, where the bucket keeps versions', async () => {
    const place = await bucket({ versioning: true });
    await release(place, 1);
    await sleep(20);
    const time = new Date().toISOString();
    await sleep(20);
    await release(place, 2);
    await place.writer.delete('conf/large');
    const { files, revision, cost } = await taken(place, { AS_OF: time });
    expect({ files, revision, cost }).toEqual({ files: setOf(1), revision: `as-of:${time}`, cost: [] });
  });

  test('is not at any time where it keeps none', async () => {
    const place = await bucket();
    await release(place, 1);
    const taking = taken(place, { AS_OF: new Date().toISOString() });
    expect(await failureOf(taking)).toBeInstanceOf(SettingsError);
  });
});
