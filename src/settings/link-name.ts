import { generationsDirectory } from '../snapshot/path-rules.ts';
import type { Kind } from './kinds.ts';

/** A name in the target that is free for a link of the user's choice. */
export const linkName: Kind<string> = {
  expected: `one name such as current: without a /, not starting with .., and not ${generationsDirectory}`,
  parse: (value) => {
    const isName = /^[^/\0]+$/.test(value) && value !== '.' && Buffer.byteLength(value) <= 255;
    return isName && !value.startsWith('..') && value !== generationsDirectory ? value : undefined;
  },
};
