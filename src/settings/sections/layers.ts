import { layerNames } from '../layers/names.ts';
import { inSection } from '../setting.ts';

const inLayers = inSection('layers');

export const layersSettings = {
  layers: inLayers(layerNames, {
    defaultNote: 'none',
    meaning:
      'names of the layers of the set, e.g. `base,site`: each has a source of its own, and a later one wins path by path',
  }),
} as const;
