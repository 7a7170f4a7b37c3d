import type { Revision } from '../../../snapshot/entry.ts';
import { pathFilterOf } from '../../../snapshot/path-filter.ts';
import type { LayoutOptions } from './layout-options.ts';
import { PointerLayout } from './pointer.ts';
import { askedBy, seenFileOf, type WatchedKey } from './watched-key.ts';

/** The set that a pointer names now, or named at the state that is asked for. */
export function createPointerLayout(named: WatchedKey, options: LayoutOptions): PointerLayout {
  const { settings, store, directory, log } = options;
  const { maxFiles, maxBytes, s3Concurrency: concurrency, s3BadKeys: badKeys } = settings;
  return new PointerLayout({
    ...named,
    store,
    directory,
    log,
    concurrency,
    badKeys,
    seenFile: seenFileOf(named, options),
    at: stateOf(options),
    askedBy: askedBy(named, options),
    filter: () => pathFilterOf(settings),
    limits: { maxFiles, maxBytes },
  });
}

/** A pin, or a rollback to what was published, goes before the setting, which names a version of the pointer or a release. */
function stateOf({ revision, settings: { s3AsOf } }: LayoutOptions): Revision | undefined {
  if (revision !== undefined || s3AsOf === undefined) return revision;
  return (/^(release|version):/.test(s3AsOf) ? s3AsOf : `version:${s3AsOf}`) as Revision;
}
