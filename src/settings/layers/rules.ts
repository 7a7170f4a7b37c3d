import { type SettingKey, variableName } from '../schema.ts';
import { type Layer, layerVariable, sourceKeys } from './schema.ts';

/** What belongs to each layer, and was given for the set. */
export function misplacedRules(layers: readonly Layer[], given: ReadonlySet<string>): readonly string[] {
  const isGiven = (key: SettingKey) => given.has(key);
  return sourceKeys.filter(isGiven).map((key) => {
    const own = layers.map(({ name }) => layerVariable(name, key)).join(', ');
    return `${variableName(key)}: with WHERRY_LAYERS each layer has its own; set ${own} in its place`;
  });
}
