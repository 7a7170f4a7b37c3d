import type fs from 'node:fs';
import { readFileSync, renameSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { gitConfiguration } from '../../../src/sources/git/environment.ts';
import { gitPlaces } from '../../../src/sources/git/places.ts';
import { prepare } from '../../../src/sources/git/preparation.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

vi.mock('node:fs', async (original) => {
  const actual = await original<typeof fs>();
  return { ...actual, renameSync: vi.fn(actual.renameSync) };
});

test('git’s configuration may be put in its place by another process just before', async () => {
  const places = gitPlaces(await temporaryDirectory());
  const { renameSync: rename } = await vi.importActual<typeof fs>('node:fs');
  vi.mocked(renameSync).mockImplementationOnce((from, to) => {
    rename(from, to);
    rename(from, to);
  });
  await prepare(places);
  expect(readFileSync(places.configFile, 'utf8')).toBe(gitConfiguration);
});
