import { describe, expect, test } from 'vitest';
import { UnreachableError } from '../../../../src/failure/failure.ts';
import { failureOf, soon } from '../../../support/calls.ts';
import { faults, s3FaultServer } from '../../../support/s3-fault-server.ts';
import { s3Source } from '../../../support/s3-source.ts';
import { read } from './prefix-bench.ts';

type Fault = ReturnType<typeof faults.html>;

/** A bucket with a set of several pages, and the source of it. */
async function bench(settings: Readonly<Record<string, string>>, versioning = false) {
  const server = await s3FaultServer();
  const filled = server.createBucket('cfg', { versioning });
  server.pageSize = 2;
  const names = ['a', 'b+b', 'c%2Fc', 'd d', 'é'];
  for (const name of names)
    filled.put(`conf/${name}`, name, { lastModified: new Date('2026-01-01T00:00:00Z') });
  const place = { ...server, endpoint: server.endpoint, name: 'cfg' };
  const made = await s3Source(place, { settings: { PREFIX: 'conf', ...settings } });
  return { server, made, expected: Object.fromEntries(names.map((name) => [name, name])) };
}

const lies: readonly [string, Fault][] = [
  ['an HTML page', faults.html()],
  ['an empty body', faults.emptyBody()],
  ['an error in a good answer', faults.errorIn200()],
  ['half a document', faults.truncatedXml()],
  ['more without a token', faults.withoutToken()],
  ['another bucket', faults.wrongName()],
];

describe('an answer that is no listing', () => {
  test.each<[string, Fault]>([
    ...lies,
    ['the same page again and again', faults.repeatedToken('again')],
    ['a count of other keys', faults.keyCount(0)],
    ['a key of elsewhere', faults.foreignKey('elsewhere')],
  ])('is an unreachable source, and no empty set: %s', async (_, fault) => {
    const { server, made, expected } = await bench({ SETTLE: '10ms' });
    await using source = made.source;
    expect(await read(source, soon())).toEqual(expected);
    for (const call of [() => source.probe(undefined, soon()), () => source.snapshot(soon())]) {
      server.arm(fault, { operation: 'list', times: Number.POSITIVE_INFINITY });
      expect(await failureOf(call())).toBeInstanceOf(UnreachableError);
      server.disarm();
    }
    expect(await read(source, soon())).toEqual(expected);
  });

  test.each(lies)('of versions is no empty past: %s', async (_, fault) => {
    const { server, made, expected } = await bench({ AS_OF: '2026-01-01T00:00:01Z' }, true);
    await using source = made.source;
    expect(await read(source, soon())).toEqual(expected);
    server.arm(fault, { operation: 'versions', times: Number.POSITIVE_INFINITY });
    expect(await failureOf(source.snapshot(soon()))).toBeInstanceOf(UnreachableError);
  });
});

test('keys that a store does not encode are taken as they are', async () => {
  const { server, made, expected } = await bench({ SETTLE: '10ms' });
  await using source = made.source;
  server.arm(faults.rawKeys(), { operation: 'list', times: Number.POSITIVE_INFINITY });
  expect(await read(source, soon())).toEqual(expected);
});
