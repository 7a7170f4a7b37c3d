import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/failure/failure.ts';
import type { Entry, Fingerprint } from '../../../src/snapshot/entry.ts';
import { parsePath } from '../../../src/snapshot/path-rules.ts';
import { merge } from '../../../src/sources/layers/merge.ts';
import { inSet } from '../../../src/sources/layers/mount.ts';

interface Given {
  readonly name: string;
  readonly mount: string;
  readonly paths: readonly string[];
}

function layerOf({ name, mount, paths }: Given) {
  const entries = paths.map((path): Entry => {
    const file = { executable: false, fingerprint: `${name}:${path}` as Fingerprint };
    return inSet({ kind: 'file', path: parsePath(path), ...file }, { name, mount });
  });
  return { name, entries };
}

/** The winners by path, as a person would say it: whoever comes last. */
function model(layers: readonly Given[]): Map<string, string> {
  const winners = new Map<string, string>();
  for (const { name, mount, paths } of layers)
    for (const path of paths) winners.set(mount === '' ? path : `${mount}/${path}`, name);
  return winners;
}

function hasConflict(paths: readonly string[]): boolean {
  return paths.some((path) => paths.some((other) => other.startsWith(`${path}/`)));
}

const element = fc.constantFrom('a', 'b', 'c');
const path = fc.array(element, { minLength: 1, maxLength: 3 }).map((elements) => elements.join('/'));
const paths = fc.uniqueArray(path, { maxLength: 6 }).filter((all) => !hasConflict(all));
const layers = fc
  .array(fc.record({ mount: fc.constantFrom('', 'a', 'm/n'), paths }), { minLength: 1, maxLength: 4 })
  .map((all) => all.map((layer, index) => ({ ...layer, name: `l${index}` })));

describe('layers', () => {
  test('become what the last one has at each path, or are refused when that cannot be', () => {
    fc.assert(
      fc.property(layers, (given) => {
        const expected = model(given);
        const run = () => merge(given.map(layerOf));
        if (hasConflict([...expected.keys()])) {
          expect(run).toThrow(RefusedError);
          return;
        }
        const { entries, shadowed } = run();
        expect(new Map(entries.map((entry) => [entry.path, entry.layer]))).toEqual(expected);
        for (const layer of given) {
          const beneath = [...model([layer]).keys()].filter((one) => expected.get(one) !== layer.name);
          expect([...(shadowed.get(layer.name) ?? [])].sort()).toEqual(beneath.sort());
        }
      }),
      { numRuns: 500 },
    );
  });

  test('that cannot exist beside each other are refused, both paths and both layers named', () => {
    const base = layerOf({ name: 'base', mount: '', paths: ['tls'] });
    const tls = layerOf({ name: 'tls', mount: 'tls', paths: ['server.pem'] });
    expect(() => merge([base, tls])).toThrow(
      'WHERRY_LAYERS: "tls/server.pem" of the layer "tls" cannot exist beside "tls" of the layer "base", which is a file; rename one of them, or leave one out with WHERRY_TLS_EXCLUDE or WHERRY_BASE_EXCLUDE',
    );
  });

  test('whose path becomes too long where they are mounted are refused', () => {
    const long = Array.from({ length: 15 }, () => 'x'.repeat(230)).join('/');
    expect(() => layerOf({ name: 'base', mount: 'm'.repeat(200), paths: [long] })).toThrow(RefusedError);
  });
});
