import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure, RefusedError } from '../../../../src/failure/failure.ts';
import { formatRelease } from '../../../../src/sources/s3/pointer/document.ts';
import { parsePointer } from '../../../../src/sources/s3/pointer/pointer.ts';
import { anyRelease, name, releaseOf, sum } from './releases.ts';

const parse = (text: string | Uint8Array) => parsePointer(Buffer.from(text), name, 'current');
const file = { path: 'a.yaml', key: 'blobs/aa', sha256: sum, size: 1, mode: '0644' };
const whole = {
  apiVersion: 'wherry/v1',
  kind: 'Release',
  rev: 'r1',
  createdAt: '2026-11-22T23:59:59Z',
  files: [file],
};
const { files: _files, ...head } = whole;

describe('the document of a release', () => {
  test('says after writing and reading what it said before', () => {
    fc.assert(
      fc.property(anyRelease, (release) => {
        expect(parse(formatRelease(release))).toEqual({ kind: 'release', release });
      }),
    );
  });

  test('is as its page says', () => {
    const page = readFileSync('src/sources/s3/pointer/README.md', 'utf8');
    const [, example = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    expect(parse(example)).toMatchObject({ kind: 'release', release: { releases: 'app/releases/' } });
  });

  test('has a line for each file', () => {
    const named = { kind: 'file', path: 'a', key: 'k', sha256: sum, size: 1, executable: true } as const;
    const text = formatRelease(releaseOf([named, { kind: 'link', path: 'l', target: 'a' }]));
    expect(text.split('\n').slice(-5)).toEqual([
      '"files":[',
      `{"path":"a","key":"k","sha256":"${sum}","size":1,"mode":"0755"},`,
      '{"path":"l","link":"a"}',
      ']}',
      '',
    ]);
  });

  test('may have fields that this version does not know', () => {
    const text = JSON.stringify({ ...whole, labels: { a: 1 }, files: [{ ...file, owner: 'me' }] });
    expect(parse(text)).toMatchObject({ release: { rev: 'r1' } });
  });

  test('may begin with a byte order mark', () => {
    expect(parse(`\ufeff${JSON.stringify(whole)}`)).toMatchObject({ kind: 'release' });
  });

  test.each([
    ['{', 'is not valid JSON: '],
    [{ ...whole, apiVersion: 'wherry/v2' }, 'is wrong at /apiVersion, which is "wherry/v2", not "wherry/v1"'],
    [{ kind: 'Release' }, 'has no field "apiVersion"'],
    [{ ...whole, kind: 'Secret' }, 'at /kind, which is "Secret"'],
    [{ ...whole, rev: '../x' }, 'at /rev, which is "../x", not a name of letters'],
    [{ ...whole, rev: 'a@b' }, 'at /rev'],
    [{ ...whole, createdAt: 'yesterday' }, 'at /createdAt, which is "yesterday", not a time such as'],
    [{ ...whole, message: 7 }, 'at /message, which is 7, not a text'],
    [{ ...whole, releases: 'releases' }, 'at /releases, which is "releases", not a prefix'],
    [head, 'is an object, not an object with exactly one of "files", "archive", "manifest"'],
    [{ ...whole, archive: {} }, 'exactly one of'],
    [{ ...whole, files: {} }, 'at /files, which is an object, not a list'],
    [{ ...whole, files: [file, 'x'] }, 'at /files/1, which is "x", not an object'],
    [{ ...whole, files: [{ ...file, path: undefined }] }, 'at /files/0, which has no field "path"'],
    [{ ...whole, files: [{ ...file, key: 's3://b/x' }] }, 'at /files/0/key, which is "s3://b/x"'],
    [{ ...whole, files: [{ ...file, key: 'dir/' }] }, 'at /files/0/key'],
    [{ ...whole, files: [{ ...file, key: 'k'.repeat(1025) }] }, 'at /files/0/key'],
    [{ ...whole, files: [{ ...file, sha256: 'ABC' }] }, 'at /files/0/sha256, which is "ABC", not 64'],
    [{ ...whole, files: [{ ...file, size: -1 }] }, 'at /files/0/size, which is -1, not a number of bytes'],
    [{ ...whole, files: [{ ...file, size: 1.5 }] }, 'at /files/0/size, which is 1.5'],
    [{ ...whole, files: [{ ...file, mode: '0777' }] }, 'at /files/0/mode, which is "0777"'],
    [{ ...whole, files: [{ path: 'l', link: '' }] }, 'at /files/0/link'],
    [{ ...head, archive: { key: 'a.zip', sha256: sum } }, 'at /archive, which has no field "size"'],
    [{ ...head, manifest: { key: 'm' } }, 'at /manifest, which has no field "sha256"'],
  ])('%j is refused, with the place and the value', (document, fault) => {
    const text = typeof document === 'string' ? document : JSON.stringify(document);
    expect(() => parse(text)).toThrow(RefusedError);
    expect(() => parse(text)).toThrow('WHERRY_S3_POINTER: the pointer "current" in s3://b ');
    expect(() => parse(text)).toThrow(fault);
  });

  test('that is damaged is a failure with one line, and never a crash', () => {
    const mutated = fc
      .tuple(anyRelease, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }))
      .map(([release, changes]) => {
        const bytes = Buffer.from(formatRelease(release));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes;
      });
    const anything = fc.oneof(
      mutated,
      fc.json().map((text) => Buffer.from(text)),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          parse(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(Failure);
          expect(String(error)).not.toContain('\n');
        }
      }),
    );
  });

  test('that is nested without end is refused', () => {
    expect(() => parse(`{"apiVersion":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)).toThrow('a list');
  });
});

describe('a pointer of plain text', () => {
  test.each([
    ['releases/42/\n', { kind: 'prefix', prefix: 'releases/42/' }],
    ['releases//', { kind: 'prefix', prefix: 'releases//' }],
    [' releases/42.tar.gz ', { kind: 'archive', key: 'releases/42.tar.gz' }],
    ['releases/42.ZIP\r\n', { kind: 'archive', key: 'releases/42.ZIP' }],
    ['app.yaml', { kind: 'object', key: 'app.yaml' }],
  ])('%j names what it says', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  test.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['a\nb', 'has several lines'],
    ['s3://b/a', 'no key of this bucket'],
    ['/', 'no key of this bucket'],
    ['a\0b', 'no key of this bucket'],
    ['current', 'names itself'],
    [Uint8Array.of(0xff, 0xfe, 0x61, 0), 'is not UTF-8'],
  ])('%j is refused', (text, fault) => {
    expect(() => parse(text)).toThrow(RefusedError);
    expect(() => parse(text)).toThrow(fault);
  });

  test('cannot lie in the prefix that it names', () => {
    const inside = () => parsePointer(Buffer.from('cfg/'), name, 'cfg/current');
    expect(inside).toThrow('names the prefix "cfg/", in which it lies itself');
  });
});
