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
  const { store } = options;
  return new WatchedObject({
    store,
    ...named,
    seenFile: seenFileOf(named, options),
    at: fixedState(named, options),
  });
}

export function seenFileOf({ key }: WatchedKey, { store, directory }: LayoutOptions): SeenFile {
  return new SeenFile(join(directory, 'seen.json'), `${store.display} ${key}`);
}

/** A pin, or a rollback to what was published, goes before the setting. */
function fixedState(
  { setting }: WatchedKey,
  { revision, settings: { s3AsOf } }: LayoutOptions,
): FixedState | undefined {
  if (revision === undefined) {
    return s3AsOf === undefined ? undefined : { kind: 'version', versionId: s3AsOf };
  }
  const state = fixedStateOf(revision);
  if (state !== undefined) return state;
  throw new MissingError({
    setting,
    problem: `"${revision}" is no state of one object`,
    cure: 'name it as the status does: version:… or etag:…',
  });
}
