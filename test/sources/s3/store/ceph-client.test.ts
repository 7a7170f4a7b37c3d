import { describe, expect, test } from 'vitest';
import { failureOf, soon } from '../../../support/calls.ts';
import { bucket, ceph, hasCeph } from '../../../support/ceph.ts';
import { wireStore } from '../../../support/wire-store.ts';

const limit = 65_536;

describe.skipIf(!hasCeph)('a bucket of Ceph', () => {
  test('tells of itself', async () => {
    const made = await bucket({ versioning: true });
    const { client } = wireStore(made, made.name).store;
    const of = async (query: Record<string, string>) => {
      const request = { operation: 'bucket', method: 'GET', query } as const;
      return (await client.sendWhole(request, limit, soon())).body.toString();
    };
    expect(await of({ versioning: '' })).toMatch(/<Status>Enabled<\/Status>/);
    expect(await of({ location: '' })).toMatch(/<LocationConstraint/);
    expect((await client.sendWhole({ operation: 'bucket', method: 'HEAD' }, limit, soon())).status).toBe(200);
    expect(Math.abs(client.skew ?? Number.NaN)).toBeLessThan(10_000);
    expect([client.urlStyle, client.region, client.isAws]).toEqual(['path', 'us-east-1', false]);
  });

  test('is missing, or refused, by a HEAD without words', async () => {
    const made = await bucket();
    const head = { operation: 'bucket', method: 'HEAD' } as const;
    const none = wireStore(made, 'there-is-none').store.client;
    expect((await failureOf(none.sendWhole(head, limit, soon()))).kind).toBe('missing');
    const stranger = await (await ceph()).createUser();
    const refused = wireStore({ ...made, ...stranger }, made.name).store.client;
    expect((await failureOf(refused.sendWhole(head, limit, soon()))).kind).toBe('denied');
  });
});
