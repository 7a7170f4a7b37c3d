import { RefusedError } from '../../failure/failure.ts';
import { layerVariable } from '../../settings/layers/schema.ts';
import type { Entry, RelativePath } from '../../snapshot/entry.ts';

/** The entries of one layer, at their paths in the set and with the layer's name. */
export interface LayerEntries {
  readonly name: string;
  readonly entries: readonly Entry[];
}

export interface Merged {
  readonly entries: readonly Entry[];
  /** By layer: what a later layer has in its place. */
  readonly shadowed: ReadonlyMap<string, readonly RelativePath[]>;
}

/**
 * One set of several: a later layer wins path by path. Throws `RefusedError` where one layer has a file and another has
 * something below it, which cannot both exist.
 */
export function merge(layers: readonly LayerEntries[]): Merged {
  const winners = new Map<string, Entry>();
  const shadowed = new Map<string, RelativePath[]>();
  for (const { entries } of layers) {
    for (const entry of entries) {
      const loser = winners.get(entry.path);
      if (loser?.layer !== undefined) {
        const paths = shadowed.get(loser.layer);
        if (paths === undefined) shadowed.set(loser.layer, [loser.path]);
        else paths.push(loser.path);
      }
      winners.set(entry.path, entry);
    }
  }
  refuseConflicts(winners);
  return { entries: [...winners.values()], shadowed };
}

function refuseConflicts(winners: ReadonlyMap<string, Entry>): void {
  for (const entry of winners.values()) {
    const { path } = entry;
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      const parent = winners.get(path.slice(0, end));
      if (parent !== undefined) throw conflict(entry, parent);
    }
  }
}

function conflict(below: Entry, file: Entry): RefusedError {
  const [lower = '', upper = ''] = [below.layer, file.layer];
  const show = (path: string) => JSON.stringify(path.length > 300 ? `${path.slice(0, 300)}…` : path);
  return new RefusedError({
    setting: 'WHERRY_LAYERS',
    problem: `${show(below.path)} of the layer "${lower}" cannot exist beside ${show(file.path)} of the layer "${upper}", which is a file`,
    cure: `rename one of them, or leave one out with ${layerVariable(lower, 'exclude')} or ${layerVariable(upper, 'exclude')}`,
  });
}
