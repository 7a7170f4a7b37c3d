import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TargetError } from '../../src/failure/failure.ts';
import { explained } from '../../src/publish/explained.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { publisherOf } from './watchers/modes.ts';

test('what the volume says by itself comes with the setting and the cure', async () => {
  const target = join(await temporaryDirectory(), 'target');
  const publisher = explained(publisherOf('symlink', target, 0));
  await publisher.open();
  await rm(target, { recursive: true });
  await writeFile(target, '');
  const failure = await publisher.current(() => true).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(TargetError);
  expect(failure).toMatchObject({ cause: { code: 'ENOTDIR' } });
  expect(String(failure)).toMatch(/WHERRY_TARGET: .*ENOTDIR.*; mount a volume/);
});

test('the end of the process is no failure of the volume', async () => {
  const target = join(await temporaryDirectory(), 'target');
  const raw = publisherOf('symlink', target, 0);
  const publisher = explained({ ...raw, open: () => Promise.reject(AbortSignal.abort().reason) });
  await expect(publisher.open()).rejects.toMatchObject({ name: 'AbortError' });
});
