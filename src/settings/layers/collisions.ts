import { schema, variableName } from '../schema.ts';
import { unavailable } from '../unavailable.ts';
import { layerPrefix, layerSchema, layerVariable } from './schema.ts';

const settings = [...Object.keys(schema).map(variableName), ...unavailable].flatMap(withFile);

/** Layers whose settings could not be told from other settings, or from those of another layer. */
export function collisionsOf(layers: readonly string[]): readonly string[] {
  return layers.flatMap((layer) => {
    const prefix = layerPrefix(layer);
    const setting = settings.find((name) => name.startsWith(prefix));
    if (setting !== undefined) return [collision(layer, `the setting ${setting}`)];
    return layers.flatMap((other) => {
      // All of `a-b` begins as `a` does, and is not mistaken for it.
      const isLonger = other !== layer && prefix.startsWith(layerPrefix(other));
      const name = isLonger ? variablesOf(other).find((one) => one.startsWith(prefix)) : undefined;
      return name === undefined ? [] : [collision(layer, `${name} of the layer "${other}"`)];
    });
  });
}

function collision(layer: string, other: string): string {
  return `WHERRY_LAYERS: the settings of a layer "${layer}" begin with ${layerPrefix(layer)}, as ${other} does; give it another name`;
}

function variablesOf(layer: string): readonly string[] {
  return Object.keys(layerSchema)
    .map((key) => layerVariable(layer, key))
    .flatMap(withFile);
}

function withFile(name: string): readonly string[] {
  return [name, `${name}_FILE`];
}
