import { describe, expect, test } from 'vitest';
import { formatStatus } from '../../src/admin/status.ts';
import { empty, full, now } from './documents.ts';

describe('the status for a terminal', () => {
  test('says everything, aligned', () => {
    expect(formatStatus(full, now)).toBe(
      `source        https://git.example/config.git main
published     b0a1c2
              content sha256:00
              sequence 7, 12 files, 3.4 KiB
              2026-11-22T23:59:59.000Z (2m ago)
source is at  c3d4e5
targets       url1 acknowledged, took sequence 7
              signal pending, took no set yet; not-up: no process "nginx" is running
verification  unverified
              GET /health answered 500
rejected      the published set, and it stays
              answered 400: no
quarantined   c3d4e5
              by target: answered 500: banana
              2026-11-23T00:01:00.000Z (1m ago)
rolled back   from c3d4e5
              by target: answered 500: banana
              2026-11-23T00:01:00.000Z (1m ago)
held          nothing new is published
              since 2026-11-23T00:01:00.000Z (1m ago)
pinned        b0a1c2
              since 2026-11-23T00:01:00.000Z (1m ago)
undo goes to  a9b8c7
by hand       hold, done
              nothing new is published
              2026-11-23T00:01:00.000Z (1m ago)
last sync     published, 2026-11-23T00:01:00.000Z (1m ago)
last failure  no route to host
              unreachable, 2026-11-20T00:00:00.000Z (3 days ago)
last contact  2026-11-23T00:01:59.900Z (now)
next poll     2026-11-23T00:02:28.000Z (in 28s)
version       1.2.3
`,
    );
  });

  test('does not tell a target’s rejection of the set before as one of the set that waits for it', () => {
    const lastAnswer = { class: 'rejected', detail: 'no', at: '2026-11-23T00:00:00.000Z' } as const;
    const target = { name: 'url1', acknowledged: 6, lastAnswer } as const;
    const told = (state: 'pending' | 'rejected') =>
      formatStatus({ ...empty, targets: [{ ...target, state }] }, now);
    expect(told('pending')).toContain('url1 pending, took sequence 6\n');
    expect(told('rejected')).toContain('url1 rejected, took sequence 6; rejected: no\n');
  });

  test('is short when there is nothing to say', () => {
    expect(formatStatus(empty, now)).toBe(
      'source     /srv/config.git\npublished  nothing yet\nversion    1.2.3\n',
    );
  });

  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [5_000_000, '4.8 MiB'],
    [5 * 1024 ** 4, '5.0 TiB'],
  ])('%i bytes are %s', (bytes, shown) => {
    const published = full.published && { ...full.published, bytes, files: 1 };
    expect(formatStatus({ ...empty, published }, now)).toContain(`1 file, ${shown}`);
  });

  test('gives a terminal nothing but text', () => {
    const text = formatStatus({ ...empty, source: '\u001b]0;title\u0007 a\nb' }, now);
    expect(text).toContain('source     ]0;title a b\n');
  });

  test('says of layers what each is at, and which fails', () => {
    const at = '2026-11-23T00:01:00.000Z';
    const layers = [
      { name: 'base', source: 'https://git.example/c.git main', revision: 'b0a1c2', lastContact: at },
      {
        name: 'tls',
        source: '/certificate',
        mount: 'tls',
        lastFailure: { kind: 'missing', message: 'gone', at },
      } as const,
    ];
    expect(formatStatus({ ...empty, layers }, now)).toContain(
      `layers     base: https://git.example/c.git main, b0a1c2, last contact ${at} (1m ago)
           tls: /certificate at tls/
           tls fails since ${at} (1m ago): gone
`,
    );
  });
});
