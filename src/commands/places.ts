import { join, resolve } from 'node:path';
import type { Settings } from '../settings/schema.ts';

export interface Places {
  /** Absolute, both. */
  readonly target: string;
  readonly stateDir: string;
}

export function placesOf({ target, stateDir }: Settings): Places {
  const absolute = resolve(target);
  return {
    target: absolute,
    stateDir: stateDir === undefined ? join(absolute, '..wherry') : resolve(stateDir),
  };
}
