import { describe, expect, test } from 'vitest';
import { failureOf, soon } from '../../../support/calls.ts';
import { bucket, hasCeph } from '../../../support/ceph.ts';
import { s3Source } from '../../../support/s3-source.ts';
import { take } from '../../../support/taking.ts';

describe.skipIf(!hasCeph)('a set that is one object', () => {
  test('is that file, by the last element of its key', async () => {
    const place = await bucket();
    await place.writer.put('conf/app.yaml', 'a: 1\n');
    await using test = await s3Source(place, { settings: { OBJECT: 'conf/app.yaml' } });
    expect((await take(test.source)).texts).toEqual({ 'app.yaml': 'a: 1\n' });
    expect(test.requests).toEqual(['get 200']);
    expect(test.source.description).toBe(`s3://${place.name}/conf/app.yaml at ${place.endpoint}`);
  });

  test('costs one conditional request a poll while nothing changes, and one for a change', async () => {
    const place = await bucket();
    await place.writer.put('app.yaml', 'a: 1\n');
    await using test = await s3Source(place, { settings: { OBJECT: 'app.yaml' } });
    const { snapshot } = await take(test.source);
    expect(await test.source.probe(snapshot.revision, soon())).toEqual({ kind: 'unchanged' });
    await place.writer.put('app.yaml', 'a: 2\n');
    const probe = await test.source.probe(snapshot.revision, soon());
    const second = await take(test.source);
    expect(probe).toEqual({ kind: 'moved', revision: second.snapshot.revision });
    expect(second.texts).toEqual({ 'app.yaml': 'a: 2\n' });
    expect(test.requests).toEqual(['get 200', 'get 304', 'get 200']);
  });

  test('costs one conditional request after a restart', async () => {
    const place = await bucket();
    await place.writer.put('app.yaml', 'a: 1\n');
    const settings = { OBJECT: 'app.yaml' };
    await using first = await s3Source(place, { settings });
    const { snapshot } = await take(first.source);
    await using second = await s3Source(place, { settings, stateDir: first.stateDir });
    expect(await second.source.probe(snapshot.revision, soon())).toEqual({ kind: 'unchanged' });
    expect(second.requests).toEqual(['get 304']);
  });

  test('is fetched again when the content was not read at once', async () => {
    const place = await bucket();
    await place.writer.put('app.yaml', 'a: 1\n');
    const settings = { OBJECT: 'app.yaml' };
    await using first = await s3Source(place, { settings });
    await first.source.probe(undefined, soon());
    await using second = await s3Source(place, { settings, stateDir: first.stateDir });
    expect((await take(second.source)).texts).toEqual({ 'app.yaml': 'a: 1\n' });
    expect(second.requests).toEqual(['get 304', 'get 200']);
  });

  test('that is replaced between the look and the reading is not mixed up', async () => {
    const place = await bucket();
    await place.writer.put('app.yaml', 'old');
    const settings = { OBJECT: 'app.yaml' };
    await using first = await s3Source(place, { settings });
    await first.source.probe(undefined, soon());
    await using second = await s3Source(place, { settings, stateDir: first.stateDir });
    const { entries } = await second.source.snapshot(soon());
    await place.writer.put('app.yaml', 'new!');
    const sink = { put: () => Promise.reject(new Error('nothing is to be written')) };
    const files = entries.filter((entry) => entry.kind === 'file');
    const failure = await failureOf(second.source.write(files, sink, soon()));
    expect(failure.message).toBe(
      `WHERRY_S3_OBJECT: "app.yaml" in s3://${place.name} at ${place.endpoint} was replaced while it was read; it is read again at the next try`,
    );
    expect((await take(second.source)).texts).toEqual({ 'app.yaml': 'new!' });
  });

  test('has its provenance: key, ETag, version and time', async () => {
    const place = await bucket({ versioning: true });
    await place.writer.put('app.yaml', 'a: 1\n');
    await using test = await s3Source(place, { settings: { OBJECT: 'app.yaml' } });
    const { revision, provenance } = await test.source.snapshot(soon());
    expect(revision).toBe(`version:${provenance?.['versionId']}`);
    expect(provenance).toMatchObject({ key: 'app.yaml', etag: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  test('of a versioned bucket can be the version that WHERRY_S3_AS_OF or a pin names, without polling', async () => {
    const place = await bucket({ versioning: true });
    await place.writer.put('app.yaml', 'old');
    const settings = { OBJECT: 'app.yaml' };
    await using newest = await s3Source(place, { settings });
    const { revision } = await newest.source.snapshot(soon());
    await place.writer.put('app.yaml', 'new!');
    const versionId = revision.replace('version:', '');
    const asOf = { settings: { ...settings, AS_OF: versionId } };
    const asShown = { settings: { ...settings, AS_OF: revision } };
    for (const options of [asOf, asShown, { settings, revision }]) {
      await using past = await s3Source(place, options);
      expect(await past.source.probe(undefined, soon())).toEqual({ kind: 'moved', revision });
      expect((await take(past.source)).texts).toEqual({ 'app.yaml': 'old' });
      expect(await past.source.probe(revision, soon())).toEqual({ kind: 'unchanged' });
      expect(past.requests).toEqual(['get 200']);
    }
  });

  test('names the version that is not there, and what asked for it', async () => {
    const place = await bucket({ versioning: true });
    await place.writer.put('app.yaml', 'a: 1\n');
    await using test = await s3Source(place, { settings: { OBJECT: 'app.yaml', AS_OF: 'nowhere' } });
    const failure = await failureOf(test.source.probe(undefined, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toMatch(
      /^WHERRY_S3_AS_OF: the object "app.yaml" in s3:.* has no version "nowhere" \(HTTP 4/,
    );
  });

  test('without versions is pinned only while it is the same', async () => {
    const place = await bucket();
    await place.writer.put('app.yaml', 'old');
    const settings = { OBJECT: 'app.yaml' };
    await using newest = await s3Source(place, { settings });
    const { revision } = await newest.source.snapshot(soon());
    await using same = await s3Source(place, { settings, revision });
    expect((await take(same.source)).texts).toEqual({ 'app.yaml': 'old' });
    await place.writer.put('app.yaml', 'new!');
    await using gone = await s3Source(place, { settings, revision });
    const failure = await failureOf(gone.source.snapshot(soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toContain(`is no longer there with the ETag ${revision.replace('etag:', '')}`);
  });

  test('that the globs leave out is an empty set', async () => {
    const place = await bucket();
    await place.writer.put('app.yaml', 'a: 1\n');
    const settings = { OBJECT: 'app.yaml', WHERRY_EXCLUDE: '*.yaml' };
    await using test = await s3Source(place, { settings });
    expect((await test.source.snapshot(soon())).entries).toEqual([]);
  });

  test('that is not there is missing, by the name of the setting', async () => {
    const place = await bucket();
    await using test = await s3Source(place, { settings: { OBJECT: 'nothing.yaml' } });
    const failure = await failureOf(test.source.probe(undefined, soon()));
    expect(failure.kind).toBe('missing');
    expect(failure.message).toContain('WHERRY_S3_OBJECT');
    expect(failure.message).toContain('nothing.yaml');
  });
});
