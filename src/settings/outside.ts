import { isAbsolute } from 'node:path';

/** A path that leads out of what it is relative to. */
export function isOutside(path: string): boolean {
  return isAbsolute(path) || path.split('/').includes('..');
}
