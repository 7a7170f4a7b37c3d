import type promises from 'node:fs/promises';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { take } from '../../support/taking.ts';

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof promises>();
  return { ...actual, rm: vi.fn(actual.rm) };
});

test('what another process writes into while it is cleared away is left to the next start', async () => {
  const repository = await GitRepository.create();
  const commit = await repository.commit({ 'a.txt': 'one' });
  await using made = await gitSource(repository.path);
  const name = '.new-repo-0123456789abcdef-abcdefgh';
  await mkdir(join(made.stateDir, 'git', name), { recursive: true });
  const { rm: remove } = await vi.importActual<typeof promises>('node:fs/promises');
  vi.mocked(rm).mockImplementation(async (path, options) => {
    if (String(path).endsWith(name)) throw Object.assign(new Error('ENOTEMPTY'), { code: 'ENOTEMPTY' });
    return remove(path, options);
  });
  expect((await take(made.source)).snapshot.revision).toBe(commit);
  expect(await readdir(join(made.stateDir, 'git'))).toContain(name);
});
