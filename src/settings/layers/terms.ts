import { variableName } from '../schema.ts';
import { layerPrefix, sourceKeys } from './schema.ts';

// The longest first, for one name may be the beginning of another.
const names = sourceKeys.map(variableName).toSorted((a, b) => b.length - a.length);
const own = new RegExp(`\\b(?:${names.join('|')})(?=_FILE\\b|[^A-Z0-9_]|$)`, 'g');

/** A text that names settings of a source, with the names that they have for a layer. */
export function inLayerTerms(text: string, layer: string): string {
  return text.replace(own, (name) => layerPrefix(layer) + name.slice('WHERRY_'.length));
}
