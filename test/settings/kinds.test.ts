import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/platform/units.ts';
import { routes, schemaRules } from '../../src/settings/gate-kinds.ts';
import { globs } from '../../src/settings/globs.ts';
import * as kinds from '../../src/settings/kinds.ts';
import { nearest } from '../../src/settings/nearest.ts';

describe('durations and sizes', () => {
  test('survive being written and read again', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 40 }), (value) => {
        expect(parseDuration(formatDuration(value))).toBe(value);
        expect(parseSize(formatSize(value))).toBe(value);
      }),
    );
  });

  test.each(['', '5', '-1s', '1d', '1 s', 's', '1e3s', '99999999999999999h'])('%j is no duration', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test.each(['1MB', '5', '1.5.5KiB', 'KiB'])('%j is no size', (text) => {
    expect(parseSize(text)).toBeUndefined();
  });
});

describe('kinds of values', () => {
  test('statuses match exactly or by their class', () => {
    const parsed = kinds.statuses.parse('2xx,304');
    expect([200, 204, 304, 301, 404].map((status) => parsed?.includes(status))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(kinds.statuses.parse('6xx')).toBeUndefined();
    expect(kinds.statuses.parse('')).toBeUndefined();
  });

  test('headers keep colons in their values', () => {
    expect(kinds.headers.parse('A: b:c\nX-Y:  z ')).toEqual([
      ['A', 'b:c'],
      ['X-Y', 'z'],
    ]);
    expect(kinds.headers.parse('no colon')).toBeUndefined();
    expect(kinds.headers.parse('Authorization: Bearer →')).toBeUndefined();
  });

  test.each([
    [':9717', { host: undefined, port: 9717 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    ['off', 'off'],
    ['9717', undefined],
    [':65536', undefined],
    ['::1:80', undefined],
  ])('%s as an address', (text, parsed) => {
    expect(kinds.listenAddress.parse(text)).toEqual(parsed);
  });

  test.each([
    ['0644', 0o644],
    ['640', 0o640],
    ['0888', undefined],
    ['01777', undefined],
  ])('%s as a mode', (text, parsed) => {
    expect(kinds.mode.parse(text)).toBe(parsed);
  });

  test.each([
    ['0', 0],
    ['0.25', 0.25],
    ['.5', 0.5],
    ['1', undefined],
    ['-0.1', undefined],
  ])('%s as a fraction', (text, parsed) => {
    expect(kinds.fraction.parse(text)).toBe(parsed);
  });

  test.each([
    ['a/b.json', 'a/b.json'],
    ['./x', 'x'],
    ['../x', undefined],
    ['/x', undefined],
    ['..data/x', undefined],
  ])('%s as a path inside the target', (text, parsed) => {
    expect(kinds.insidePath.parse(text)).toBe(parsed);
  });

  test.each([
    ['http://app/reload, https://app/', ['http://app/reload', 'https://app/']],
    ['unix:///run/haproxy/master.sock', ['unix:///run/haproxy/master.sock']],
    ['tcp://127.0.0.1:9990', ['tcp://127.0.0.1:9990']],
    ['unix://run/master.sock', undefined],
    [`unix:///${'x'.repeat(107)}`, undefined],
    ['unix:///run/a?b', undefined],
    ['tcp://127.0.0.1', undefined],
    ['tcp://u:p@127.0.0.1:9990', undefined],
    ['tcp://127.0.0.1:9990/reload', undefined],
    ['ftp://app/', undefined],
    ['http://app/, nothing', undefined],
  ])('%s as what is called', (text, parsed) => {
    expect(kinds.reloadUrls.parse(text)?.map(({ href }) => href)).toEqual(parsed);
  });

  test.each(['/rules/**', 'rules/', 'a,/b', '!/a', 'rules/\n*.json'])(
    '%j is no list of globs, for it would match nothing',
    (text) => {
      expect(globs.parse(text)).toBeUndefined();
    },
  );

  test.each(['/rules/**=url', 'rules/=url'])('%j is no route, for it would never be taken', (text) => {
    expect(routes.parse(text)).toBeUndefined();
  });

  test('a schema is named by an absolute path, its glob by none', () => {
    expect(schemaRules.parse('a/*.json=/schemas/a.json')).toEqual([
      { glob: 'a/*.json', schema: '/schemas/a.json' },
    ]);
    expect(schemaRules.parse('/a/*.json=schemas/a.json')).toBeUndefined();
    expect(schemaRules.parse('*.json=a/../../x.json')).toBeUndefined();
  });

  test('signals may leave out SIG', () => {
    expect(kinds.signalName.parse('HUP')).toBe('SIGHUP');
    expect(kinds.signalName.parse('SIGKILL')).toBeUndefined();
  });
});

test('the nearest name is offered only when it is near', () => {
  expect(nearest('WHERRY_TARGT', ['WHERRY_TARGET', 'WHERRY_RETAIN'])).toBe('WHERRY_TARGET');
  expect(nearest('SOMETHING_ELSE', ['WHERRY_TARGET'])).toBeUndefined();
});
