import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Mode, namesIn, readAll, rootIn } from './publish-modes.ts';

/** The target holds what a mode has published, and nothing else: no other mode's names, generations or workshop. */
export async function expectOnlyIn(mode: Mode, target: string, set: Record<string, string>): Promise<void> {
  expect(await readAll(rootIn(mode, target))).toEqual(set);
  const names = Object.keys(await namesIn(target)).sort();
  const topLevel = [...new Set(Object.keys(set).map((path) => path.split('/')[0] ?? ''))];
  if (mode === 'symlink') expect(names).toEqual(['..data', ...topLevel].sort());
  else if (mode === 'rename') expect(names).toEqual(topLevel.sort());
  else expect(names).toEqual([mode.slice('link '.length)]);
  const generations = (await readdir(target)).filter((name) => /^\.\.\d/.test(name));
  expect(generations).toHaveLength(mode === 'symlink' ? 1 : 0);
  const behindLinks = await readdir(join(target, '.wherry-generations')).catch(() => []);
  expect(behindLinks).toHaveLength(mode.startsWith('link') ? 1 : 0);
  if (mode !== 'rename') expect(await readdir(join(target, '..wherry'))).not.toContain('generations');
}
