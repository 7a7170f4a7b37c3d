import { join } from 'node:path';
import { MissingError } from '../../../failure/failure.ts';
import type { LayoutOptions } from './layout-options.ts';
import { type FixedState, fixedStateOf } from './revision.ts';
import { SeenFile } from './seen-file.ts';
import { WatchedObject } from './watched-object.ts';

export interface WatchedKey {
  readonly key: string;
  /** What named it. */
  readonly setting: string;
}

/** The key that is polled, at the state that is asked for. */
export function watched(named: WatchedKey, options: LayoutOptions): WatchedObject {
  return new WatchedObject({
    store: options.store,
    key: named.key,
    setting: askedBy(named, options),
    seenFile: seenFileOf(named, options),
    at: fixedState(named, options),
  });
}

/** What asks for the state of a key: the setting of the past, else what named the key. */
export function askedBy({ setting }: WatchedKey, { revision, settings: { s3AsOf } }: LayoutOptions): string {
  return revision === undefined && s3AsOf !== undefined ? 'WHERRY_S3_AS_OF' : setting;
}

/** Of one layout: another one gives the same state another name. */
export function seenFileOf({ key, setting }: WatchedKey, { store, directory }: LayoutOptions): SeenFile {
  return new SeenFile(join(directory, 'seen.json'), `${setting} ${store.display} ${key}`);
}

/** A pin, or a rollback to what was published, goes before the setting. */
function fixedState(
  { setting }: WatchedKey,
  { revision, settings: { s3AsOf } }: LayoutOptions,
): FixedState | undefined {
  if (revision === undefined) {
    if (s3AsOf === undefined) return undefined;
    // A revision, as the status has it, is taken too.
    return fixedStateOf(s3AsOf) ?? { kind: 'version', versionId: s3AsOf };
  }
  const state = fixedStateOf(revision);
  if (state !== undefined) return state;
  throw new MissingError({
    setting,
    problem: `"${revision}" is no state of one object, which the status calls version:… or etag:…`,
    cure: 'name it so',
  });
}
