import { describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../src/commands/command-line.ts';
import { type Order, parseOrder } from '../../src/release/order.ts';
import { parsePlace } from '../../src/release/place.ts';
import { bucketName } from '../../src/settings/s3-kinds.ts';

const none = { s3Bucket: undefined, s3Pointer: undefined };
const order = (line: string, settings: Parameters<typeof parseOrder>[1] = none): Order =>
  parseOrder(parseCommandLine(['release', ...line.split(' ')]), settings);

describe('a place in a bucket', () => {
  test.each([
    ['s3://cfg', 'cfg', ''],
    ['s3://cfg/', 'cfg', ''],
    ['s3://cfg/app', 'cfg', 'app/'],
    ['s3://cfg/app/x/', 'cfg', 'app/x/'],
    ['S3://cfg/app', 'cfg', 'app/'],
    [
      's3://arn:aws:s3:eu-central-1:123456789012:accesspoint/cfg/app',
      'arn:aws:s3:eu-central-1:123456789012:accesspoint/cfg',
      'app/',
    ],
  ])('%s is bucket and prefix', (text, bucket, prefix) => {
    expect(parsePlace(text)).toMatchObject({ bucket: { text: bucket }, prefix });
  });

  test.each(['cfg/app', 'https://cfg/app', 's3://', 's3:///app', 's3://c/app', 's3://cfg//app', './d'])(
    '%s is none',
    (text) => {
      expect(parsePlace(text)).toBeUndefined();
    },
  );
});

describe('what the command line orders', () => {
  test('a release has a directory and a place', () => {
    const found = order('conf s3://cfg/app --pointer app/current --rev v1.2 --message hi --dry-run --force');
    expect(found).toMatchObject({
      action: 'make',
      directory: 'conf',
      place: { prefix: 'app/' },
      pointer: 'app/current',
      rev: 'v1.2',
      message: 'hi',
      dryRun: true,
      force: true,
      comparesAndSwaps: true,
      asJson: false,
    });
  });

  test('a rollback has a place, and a name or none', () => {
    const line = 's3://cfg/app --pointer current --no-compare-and-swap';
    expect(order(`${line} --rollback v1`)).toMatchObject({
      action: 'roll-back',
      rev: 'v1',
      comparesAndSwaps: false,
    });
    expect(order(`--rollback ${line}`)).toMatchObject({ action: 'roll-back', rev: undefined });
  });

  test('a list has a place, and shows twenty', () => {
    expect(order('s3://cfg --pointer current --list --json')).toMatchObject({
      action: 'list',
      limit: 20,
      asJson: true,
    });
    expect(order('s3://cfg --pointer current --list --limit 5')).toMatchObject({ limit: 5 });
  });

  test('the pointer is that of the readers where none is given', () => {
    expect(order('d s3://cfg', { ...none, s3Pointer: 'current' })).toMatchObject({ pointer: 'current' });
  });

  test.each([
    ['d --pointer k', 'release: takes a directory and a place; the form is `wherry release DIR s3:'],
    ['d cfg/app --pointer k', 'release: "cfg/app" is no place in a bucket; write s3://bucket/prefix'],
    ['d s3://cfg', '--pointer: required'],
    ['d s3://cfg --pointer k/', '--pointer: "k/" is not the key of one object'],
    ['d s3://cfg/a --pointer a/blobs/k', '--pointer: "a/blobs/k" lies among what never changes'],
    ['d s3://cfg/a --pointer a/releases/k', '--pointer: "a/releases/k" lies among what never changes'],
    ['d s3://cfg --pointer k --rev a/b', '--rev: "a/b" is no name of a release'],
    ['d s3://cfg --pointer k --rev -x', '--rev: "-x" is no name of a release'],
    ['d s3://cfg --pointer k --limit 3', '--limit: has no meaning here'],
    ['d s3://cfg --pointer k --rollback', 'release: takes a place alone'],
    ['s3://cfg --pointer k --rollback --message hi', '--message: has no meaning here'],
    ['s3://cfg --pointer k --rollback --list', '--list: has no meaning here'],
    ['s3://cfg --pointer k --list --limit 0', '--limit: "0" is not a whole number from 1'],
    ['s3://cfg --pointer k --list --message x', '--message: has no meaning here'],
  ])('%s is refused', (line, message) => {
    expect(() => order(line)).toThrow(message);
  });

  test('must agree with the settings of the readers', () => {
    const s3Bucket = bucketName.parse('other');
    expect(() => order('d s3://cfg --pointer k', { ...none, s3Bucket })).toThrow(
      'WHERRY_S3_BUCKET: it is "other"',
    );
    expect(() => order('d s3://cfg --pointer k', { ...none, s3Pointer: 'p' })).toThrow(
      '--pointer: WHERRY_S3_POINTER names another key, "p"',
    );
  });
});
