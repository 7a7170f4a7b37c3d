import type { Failure } from '../../failure/failure.ts';
import type { LayerPart, Snapshot } from '../../snapshot/entry.ts';
import { joinRevisions } from '../../snapshot/layer-revisions.ts';
import type { LastGood } from './last-good.ts';
import type { Layer, TakenLayer } from './layer.ts';
import { merge } from './merge.ts';

/** What a set has of a layer: what the layer has now, or, while it fails, what is published of it. */
export type Part =
  | { readonly layer: Layer; readonly taken: TakenLayer; readonly failure?: undefined }
  | { readonly layer: Layer; readonly taken: LastGood; readonly failure: Failure };

/** One snapshot of the parts of all layers, in their order. Throws where they cannot be one set. */
export function assemble(parts: readonly Part[]): Snapshot {
  const { entries, shadowed } = merge(
    parts.map(({ layer, taken }) => ({ name: layer.name, entries: taken.entries })),
  );
  const hidden = hiddenStill(parts);
  const layers = parts.map(({ layer, taken }): LayerPart => {
    const { name, mount, source } = layer;
    const { revision, provenance } = taken;
    const paths = [...(shadowed.get(name) ?? []), ...(hidden.get(name) ?? [])];
    return {
      name,
      source: source.description,
      mount,
      revision,
      ...(provenance === undefined ? {} : { provenance }),
      ...(paths.length === 0 ? {} : { shadowed: [...new Set(paths)].toSorted() }),
    };
  });
  return { revision: joinRevisions(layers.map(({ name, revision }) => [name, revision])), entries, layers };
}

/**
 * What a failing layer has beneath others must stay beneath one: its content is not here. Throws the layer's failure
 * when it would come to light.
 */
function hiddenStill(parts: readonly Part[]): ReadonlyMap<string, LastGood['shadowed']> {
  const hidden = new Map<string, LastGood['shadowed']>();
  parts.forEach(({ layer, taken, failure }, index) => {
    if (failure === undefined || taken.shadowed.length === 0) return;
    const above = new Set<string>();
    for (const later of parts.slice(index + 1)) {
      for (const { path } of later.taken.entries) above.add(path);
      if (later.failure !== undefined) for (const path of later.taken.shadowed) above.add(path);
    }
    if (!taken.shadowed.every((path) => above.has(path))) throw failure;
    hidden.set(layer.name, taken.shadowed);
  });
  return hidden;
}
