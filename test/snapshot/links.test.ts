import { mkdir, realpath, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../src/failure/failure.ts';
import { applyLinkRule } from '../../src/snapshot/links.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { file, link } from './entries.ts';

describe('WHERRY_SYMLINKS=internal', () => {
  test.each([
    ['a sibling', [link('a', 'b')]],
    ['a parent that is still inside', [link('x/y/a', '../../b')]],
    ['a name that nobody has', [link('a', 'gone/b')]],
    ['a chain', [link('a', 'b'), link('b', 'c/d'), link('c', 'e')]],
    ['a loop', [link('a', 'b'), link('b', 'a')]],
    ['the set itself', [link('x/a', '..')]],
  ])('keeps a link to %s', (_, entries) => {
    expect(applyLinkRule(entries, 'internal')).toEqual(entries);
  });

  test.each([
    ['an absolute path', [link('a', '/etc/passwd')]],
    ['a parent of the set', [link('a', '../b')]],
    ['a parent, in the middle', [link('x/a', 'b/../../../x/c')]],
    ['a chain that ends outside', [link('a', 'b/c'), link('b', 'x/y'), link('x/y', '../..')]],
    ['a directory link and then up', [link('d/e/a', 'l/../..'), link('d/e/l', '../../z')]],
    ['nothing', [link('a', '')]],
  ])('refuses a link to %s, naming it', (_, entries) => {
    expect(() => applyLinkRule(entries, 'internal')).toThrow(RefusedError);
    expect(() => applyLinkRule(entries, 'internal')).toThrow('leaves the set');
  });

  test('refuses a link to a longer path than a link can hold', () => {
    const longest = 'd/../'.repeat(819);
    expect(applyLinkRule([link('a', longest)], 'internal')).toHaveLength(1);
    expect(() => applyLinkRule([link('a', `${longest}d`)], 'internal')).toThrow(
      'WHERRY_SYMLINKS: the symbolic link "a" leads to a path of 4096 bytes, and 4095 is the most',
    );
    expect(() => applyLinkRule([link('a', 'ü'.repeat(2048))], 'internal')).toThrow(RefusedError);
  });

  test('lets no link through that the kernel follows out of the set', async () => {
    const names = fc.constantFrom('a', 'b', 'd/a', 'd/b', 'd/e/a');
    const targets = fc.array(fc.constantFrom('..', '.', 'a', 'b', 'd', 'e'), { minLength: 1, maxLength: 5 });
    const links = fc.dictionary(
      names,
      targets.map((elements) => elements.join('/')),
      { maxKeys: 4 },
    );
    await fc.assert(
      fc.asyncProperty(links, async (chosen) => {
        const entries = Object.entries(chosen).map(([path, target]) => link(path, target));
        try {
          applyLinkRule(entries, 'internal');
        } catch {
          return;
        }
        const outer = await realpath(await temporaryDirectory());
        const set = join(outer, 'set');
        await mkdir(join(set, 'd/e'), { recursive: true });
        for (const { path, target } of entries) {
          await mkdir(dirname(join(set, path)), { recursive: true });
          await symlink(target, join(set, path));
        }
        for (const { path } of entries) {
          const real = await realpath(join(set, path)).catch(() => set);
          expect(real === set || real.startsWith(`${set}/`)).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });
});

test('WHERRY_SYMLINKS=skip leaves links out', () => {
  expect(applyLinkRule([file('a'), link('b', '/etc')], 'skip')).toEqual([file('a')]);
});

test('WHERRY_SYMLINKS=refuse refuses any link', () => {
  expect(() => applyLinkRule([link('b', 'a')], 'refuse')).toThrow('holds the symbolic link "b"');
});
