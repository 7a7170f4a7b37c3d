import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../../../src/settings/settings.ts';
import { examine } from '../../../../src/sources/s3/examination/examine.ts';
import { soon } from '../../../support/calls.ts';
import { allow, bucket, ceph, hasCeph } from '../../../support/ceph.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { fill } from '../../../support/s3-fill.ts';
import { type S3Place, s3Settings } from '../../../support/s3-source.ts';

async function messages(place: S3Place, more: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const env = s3Settings(place, more);
  const { settings } = loadSettings({ env, flags: new Map(), complete: true });
  const found = await examine({ settings, env: {}, log: new RecordingLog() }, soon());
  return found.map(({ level, message }) => `${level} ${message}`);
}

describe.skipIf(!hasCeph)('the examination of a bucket', () => {
  test('tells who asks, where, and what the store can do; no secret', async () => {
    const place = await bucket({ versioning: true });
    await place.writer.put('app.yaml', 'a: 1\n');
    const found = await messages(place, { OBJECT: 'app.yaml', WHERRY_POLL_INTERVAL: '10s' });
    expect(found).toEqual([
      'ok credentials: settings',
      'ok region us-east-1, path style URLs',
      'ok the clock agrees with the store’s',
      'ok conditional requests work: a poll of what is unchanged moves no content',
      'ok If-Match works: what is replaced while it is read is noticed',
      'ok contents are checked by their length and MD5 (ETag)',
      'ok versioning is on: WHERRY_S3_AS_OF and pins of earlier revisions work',
      'ok a missing key is told from a forbidden one',
      'ok layout object: exact, readers never see half an upload',
      'ok polling makes 259,200 conditional GETs a pod and month, 259,200,000 for a thousand pods',
    ]);
    expect(found.join()).not.toContain(place.secretAccessKey);
  });

  test('counts the LISTs of a poll, and warns of settling', async () => {
    const place = await bucket();
    await fill(
      place,
      Array.from({ length: 1001 }, (_, index) => `conf/${index}`),
    );
    const found = await messages(place, { PREFIX: 'conf/', WHERRY_POLL_INTERVAL: '10s' });
    expect(found).toContain(
      'ok polling makes 518,400 LISTs a pod and month, 518,400,000 for a thousand pods',
    );
    expect(found).toContainEqual(expect.stringMatching(/^warning layout prefix with settling/));
  });

  test('of a pointer says nothing of its releases that is true of the pointer alone', async () => {
    const place = await bucket();
    await place.writer.put('current', 'releases/42/');
    const found = await messages(place, { POINTER: 'current' });
    expect(found).toContainEqual(expect.stringContaining('versioning is off: releases stay as they are'));
    expect(found.join()).not.toContain('contents are checked');
  });

  test('asks for the version that is followed, also when the object is gone', async () => {
    const place = await bucket({ versioning: true });
    const { versionId = '' } = await place.writer.put('app.yaml', 'a: 1\n');
    await place.writer.delete('app.yaml');
    const found = await messages(place, { OBJECT: 'app.yaml', AS_OF: versionId });
    expect(found).toContain('ok contents are checked by their length and MD5 (ETag)');
  });

  test('asks for no marker where a time is followed', async () => {
    const place = await bucket({ versioning: true });
    await place.writer.put('conf/a', '1');
    const asOf = { PREFIX: 'conf/', MARKER: 'conf/.done', AS_OF: new Date().toISOString() };
    const found = await messages(place, asOf);
    expect(found).toContain('ok nothing is polled: what is followed cannot change');
    expect(found.join()).not.toContain('conditional requests');
  });

  test('needs no more rights than the layout, and says what it could not see', async () => {
    const user = await (await ceph()).createUser();
    const place = await bucket({ policy: (name) => [allow(name, ['s3:GetObject'], user)] });
    await place.writer.put('app.yaml', 'a: 1\n');
    const found = await messages({ ...place, ...user, name: place.name }, { OBJECT: 'app.yaml' });
    expect(found).toContainEqual(expect.stringContaining('versioning: not known'));
    expect(found).toContainEqual(expect.stringContaining('reads like a forbidden one (403)'));
    expect(found).toContain('ok conditional requests work: a poll of what is unchanged moves no content');
  });
});
