import { parsePath } from '../../snapshot/path-rules.ts';
import { type Kind, list } from '../kinds.ts';

const form = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** The layers of a set, the first below all others. */
export const layerNames: Kind<readonly string[]> = {
  expected:
    'a list of different names such as base,site: small letters, digits, and - between them, a letter first',
  parse: (value) => {
    const names = list.parse(value) ?? [];
    const fits = names.length > 0 && names.every((name) => form.test(name));
    return fits && new Set(names).size === names.length ? names : undefined;
  },
};

/** The names of a list that is wrong as a whole: what belongs to them need not be reported too. */
export function usableNames(text: string): readonly string[] {
  return [...new Set(list.parse(text))].filter((name) => form.test(name));
}

/** Where a layer's files appear; empty = the root of the set. */
export const mountPath: Kind<string> = {
  expected: 'a path inside the set such as overrides/, without a leading / and ..',
  parse: (value) => {
    const path = value.replace(/^\.\/+/, '').replace(/\/$/, '');
    if (path === '' || path === '.') return value.startsWith('/') ? undefined : '';
    try {
      return parsePath(path);
    } catch {
      return undefined;
    }
  },
};
