import { expect, test } from 'vitest';
import { isLocalVolume } from '../../src/platform/local-volume.ts';

test.each([
  ['memory', '/dev/shm', true],
  ['what the kernel makes up', '/proc', false],
  ['what is not there', '/no/such/directory', false],
])('%s is asked at once or not', async (_, directory, isLocal) => {
  expect(await isLocalVolume(directory)).toBe(isLocal);
});
