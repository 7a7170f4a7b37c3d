import { join } from 'node:path';
import { MissingError } from '../failure/failure.ts';
import type { Log } from '../platform/log.ts';
import type { Manifest } from '../publish/manifest.ts';
import type { Layer as LayerSettings } from '../settings/layers/schema.ts';
import type { Settings } from '../settings/schema.ts';
import type { Revision } from '../snapshot/entry.ts';
import { splitRevisions } from '../snapshot/layer-revisions.ts';
import { Layer } from '../sources/layers/layer.ts';
import { LayeredSource } from '../sources/layers/layered-source.ts';
import { logOfLayer } from '../sources/layers/terms.ts';
import { layerPinFault } from './pins.ts';
import type { CreateSource, Sourcing } from './wiring.ts';

export interface LayersOptions {
  readonly stateDir: string;
  readonly log: Log;
  readonly published: () => Promise<Manifest | undefined>;
  /** False where each layer must answer for itself. */
  readonly withStandIns: boolean;
  readonly loadOne: (settings: Settings, sourcing: Sourcing) => Promise<CreateSource>;
}

/** Makes one source of several, each with its own settings and a state directory of its own. */
export async function loadLayers(
  layers: readonly LayerSettings[],
  { stateDir, log, published, withStandIns, loadOne }: LayersOptions,
): Promise<CreateSource> {
  const loaded = await Promise.all(
    layers.map(async (layer) => {
      const directory = join(stateDir, 'layers', layer.name);
      const own = { stateDir: directory, layer: layer.name, log: logOfLayer(log, layer.name) };
      return { ...layer, directory, create: await loadOne(layer.settings, own) };
    }),
  );
  return (revision) => {
    const fixed = revision === undefined ? undefined : fixedRevisions(layers, revision);
    const made = loaded.map(({ name, mount, settings, directory, create }) => {
      const { symlinks, s3Prefix, allowEmpty, syncTimeout } = settings;
      const at = fixed?.get(name);
      return new Layer({
        name,
        mount,
        directory,
        source: create(at),
        hasStandIn: at === undefined && withStandIns,
        skipsLinks: symlinks === 'skip',
        refusesCollapse: s3Prefix !== undefined && !allowEmpty,
        syncTimeout,
        log,
      });
    });
    return new LayeredSource({ layers: made, published, directory: join(stateDir, 'layers'), log });
  };
}

/** Throws when the revision is not of these layers: it was pinned or published under other settings. */
function fixedRevisions(layers: readonly LayerSettings[], revision: Revision): ReadonlyMap<string, Revision> {
  const revisions = splitRevisions(revision);
  const fault = layerPinFault(layers, revision);
  if (revisions !== undefined && fault === undefined) return revisions;
  throw new MissingError({
    setting: 'WHERRY_LAYERS',
    problem: fault ?? `${revision} is no revision of layers`,
    cure: 'pin another revision, or say `wherry resume`',
  });
}
