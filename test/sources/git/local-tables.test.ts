import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LocalRefs } from '../../../src/sources/git/local-refs.ts';
import type { Refs } from '../../../src/sources/git/refs.ts';
import { soon } from '../../support/calls.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** A repository whose refs are in reftables, as far as it is looked at without git, and a work tree linked to it. */
async function linkedWorkTree() {
  const root = await temporaryDirectory();
  const own = join(root, 'worktrees', 'side');
  for (const name of ['objects', 'refs', 'reftable', 'worktrees/side/reftable'])
    await mkdir(join(root, name), { recursive: true });
  await writeFile(join(root, 'HEAD'), 'ref: refs/heads/.invalid\n');
  await writeFile(join(own, 'HEAD'), 'ref: refs/heads/.invalid\n');
  await writeFile(join(own, 'commondir'), '../..\n');
  const turn = (of: string, table: string) => writeFile(join(of, 'reftable', 'tables.list'), `${table}\n`);
  await turn(root, '0x000000000001-0x000000000001-aaaaaaaa.ref');
  await turn(own, '0x000000000001-0x000000000001-bbbbbbbb.ref');
  return { root, own, turn };
}

test('the HEAD of a linked work tree whose refs are in reftables is asked for again when its own tables change', async () => {
  const { root, own, turn } = await linkedWorkTree();
  let asked = 0;
  const read = async (): Promise<Refs> => new Map([['HEAD', { oid: String(++asked).repeat(40) }]]);
  const refs = new LocalRefs(own, { read });
  const head = async () => (await refs.read(['HEAD'], soon())).get('HEAD')?.oid;
  expect(await head()).toBe('1'.repeat(40));
  expect(await head()).toBe('1'.repeat(40));
  await turn(own, '0x000000000002-0x000000000002-cccccccc.ref');
  expect(await head()).toBe('2'.repeat(40));
  await turn(root, '0x000000000002-0x000000000002-dddddddd.ref');
  expect(await head()).toBe('3'.repeat(40));
  expect(await head()).toBe('3'.repeat(40));
});
