import type { Kind } from './kinds.ts';

/**
 * A list of globs; the commas inside braces belong to the glob. With a slash in front or at the end, as in a
 * `.gitignore`, one would silently match nothing.
 */
export const globs: Kind<readonly string[]> = {
  expected:
    'a list of globs without a / in front or at the end, their braces closed, with commas or newlines between them',
  parse: (value) => {
    const items = [''];
    let depth = 0;
    for (const letter of value) {
      if (letter === '{') depth += 1;
      if (letter === '}') depth -= 1;
      if (depth < 0) return undefined;
      if (letter === '\n' || (letter === ',' && depth === 0)) items.push('');
      else items.push((items.pop() ?? '') + letter);
    }
    const found = items.map((item) => item.trim()).filter((item) => item !== '');
    return depth === 0 && found.every(isRelativeGlob) ? found : undefined;
  },
};

export function isRelativeGlob(glob: string): boolean {
  return !/^!?\/|\/$/.test(glob);
}
