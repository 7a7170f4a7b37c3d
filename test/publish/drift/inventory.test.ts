import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Inventory } from '../../../src/publish/drift/inventory.ts';
import { byPath, type ManifestEntry } from '../../../src/publish/manifest.ts';
import type { Fingerprint } from '../../../src/snapshot/entry.ts';
import { parsePath } from '../../../src/snapshot/path-rules.ts';

const name = fc.constantFrom('a', 'b', 'a-b', 'a.b', 'ä', '😀', 'a0', 'Z', ' ');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

function entryOf(path: string, size: number): ManifestEntry {
  if (size % 7 === 0) return { path: parsePath(path), link: `to ${size}` };
  const fingerprint = 'x:1' as Fingerprint;
  return { path: parsePath(path), size, mode: size % 2 === 0 ? '0644' : '0755', sha256: 'x', fingerprint };
}

/** No path of a set lies below another. */
function setOf(paths: readonly string[]): readonly ManifestEntry[] {
  const kept = paths.filter((one) => !paths.some((other) => one !== other && one.startsWith(`${other}/`)));
  return kept.map((one, index) => entryOf(one, index + 1)).toSorted(byPath);
}

test('it knows of each entry what its manifest says, and finds entries and directories by their paths', () => {
  fc.assert(
    fc.property(fc.uniqueArray(path, { maxLength: 40 }), fc.array(path), (paths, asked) => {
      const files = setOf(paths);
      const inventory = new Inventory({ files });
      expect(inventory.length).toBe(files.length);
      for (const [index, entry] of files.entries()) {
        expect(inventory.path(index)).toBe(entry.path);
        if ('link' in entry) expect(inventory.link(index)).toBe(entry.link);
        else {
          expect(inventory.link(index)).toBeUndefined();
          expect(inventory.size(index)).toBe(entry.size);
          expect(inventory.mode(index)).toBe(Number.parseInt(entry.mode, 8));
        }
        expect(inventory.at(entry.path)).toEqual([index]);
      }
      for (const one of [...asked, '', ...files.map((entry) => entry.path.split('/')[0] ?? '')]) {
        const wanted = files.flatMap((entry, index) =>
          entry.path === one || one === '' || entry.path.startsWith(`${one}/`) ? [index] : [],
        );
        expect(inventory.at(one)).toEqual(wanted);
        if (one !== '') expect(inventory.has(one)).toBe(wanted.length > 0);
      }
      const directories = new Set(['']);
      for (const entry of files) {
        const names = entry.path.split('/').slice(0, -1);
        for (const depth of names.keys()) directories.add(names.slice(0, depth + 1).join('/'));
      }
      expect([...inventory.directories()].toSorted()).toEqual([...directories].toSorted());
    }),
  );
});

test('parents come before their children', () => {
  const inventory = new Inventory({ files: setOf(['a/b/c/d', 'a/b/e', 'x/y/z']) });
  expect([...inventory.directories()]).toEqual(['', 'a', 'a/b', 'a/b/c', 'x', 'x/y']);
});

test('what was never seen to be well is not', () => {
  const inventory = new Inventory({ files: setOf(['a', 'b']) });
  expect(inventory.wellAt(1)).toBeNaN();
  inventory.setWellAt(1, 42.5);
  expect(inventory.wellAt(1)).toBe(42.5);
});
