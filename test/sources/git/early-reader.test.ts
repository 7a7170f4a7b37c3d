import type childProcess from 'node:child_process';
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { take } from '../../support/taking.ts';

vi.mock('node:child_process', async (original) => {
  const actual = await original<typeof childProcess>();
  return { ...actual, spawn: vi.fn(actual.spawn) };
});

test('a reader for which there are no descriptors while git fetches is started after that', async () => {
  const repository = await GitRepository.create();
  await repository.commit({ 'a.txt': 'one' });
  const { spawn: start } = await vi.importActual<typeof childProcess>('node:child_process');
  let refused = 0;
  vi.mocked(spawn).mockImplementation(((command: string, args: readonly string[], options: object) => {
    if (args[0] !== 'cat-file' || refused++ > 0) return start(command, args, options);
    return new EventEmitter();
  }) as typeof spawn);
  await using made = await gitSource(repository.path);
  expect((await take(made.source)).texts).toEqual({ 'a.txt': 'one' });
  expect(refused).toBeGreaterThan(1);
});
