import { expect, test } from 'vitest';
import { currentQuarantine } from '../../../src/engine/machine/quarantine.ts';
import { soon } from '../../support/calls.ts';
import { engineOn } from '../../support/engine-bench.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { s3FaultServer } from '../../support/s3-fault-server.ts';
import { s3Source } from '../../support/s3-source.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test.each([
  [{ OBJECT: 'conf/b' }, ['get 200']],
  [{ POINTER: 'to-object' }, ['get 200', 'get 200']],
  [{ POINTER: 'to-prefix' }, ['get 200', 'list 200']],
  [{ PREFIX: 'conf', MARKER: 'to-prefix' }, ['head 200', 'head 200', 'list 200', 'list 200']],
])('a set that is too large is refused before it is fetched (%j)', async (settings, requests) => {
  const server = await s3FaultServer();
  const bucket = server.createBucket('bucket');
  bucket.put('conf/a', 'a'.repeat(600));
  bucket.put('conf/b', 'b'.repeat(1200));
  bucket.put('to-object', 'conf/b');
  bucket.put('to-prefix', 'conf/');
  await using made = await s3Source({ ...server, name: 'bucket' }, { settings });
  const target = await temporaryDirectory();
  const createSource = () => made.source;
  await using engine = engineOn(target, new MemorySource(), { createSource }, { maxBytes: 1000 });
  await engine.open();
  await engine.look(soon());
  const { state } = engine;
  expect(state && currentQuarantine(state)?.reason).toMatch(/^WHERRY_MAX_BYTES: /);
  expect(made.requests).toEqual(requests);
});
