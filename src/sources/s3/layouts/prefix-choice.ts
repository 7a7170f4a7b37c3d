import { MissingError, SettingsError } from '../../../failure/failure.ts';
import { parseTime } from '../../../settings/s3-kinds.ts';
import { pathFilterOf } from '../../../snapshot/path-filter.ts';
import type { Layout } from './layout.ts';
import type { LayoutOptions } from './layout-options.ts';
import type { WatchedKey } from './watched-key.ts';

/** How the sets below a prefix are told from halves: by their time, by a marker, or by patience. */
export async function loadPrefixLayout(
  { key: prefix, setting }: WatchedKey,
  options: LayoutOptions,
): Promise<Layout> {
  const { settings, store, log, revision } = options;
  const { s3Concurrency: concurrency, s3BadKeys: badKeys, maxFiles, pollInterval } = settings;
  const common = {
    store,
    prefix,
    setting,
    badKeys,
    maxFiles,
    log,
    concurrency,
    filter: () => pathFilterOf(settings),
  };
  const { s3Marker: markerKey, s3Settle: settle } = settings;
  const time = timeOf(options);
  if (time !== undefined) {
    const { AsOfLayout } = await import('./as-of.ts');
    return new AsOfLayout({ ...common, time, markerKey });
  }
  if (markerKey !== undefined) {
    const { MarkerLayout } = await import('./marker.ts');
    return new MarkerLayout({ ...common, markerKey, at: revision });
  }
  if (revision !== undefined && !revision.startsWith('listing:')) throw noListing(revision);
  const { SettlingLayout } = await import('./settling.ts');
  return new SettlingLayout({ ...common, settle, pollInterval, at: revision });
}

function timeOf({ revision, settings: { s3AsOf } }: LayoutOptions): Date | undefined {
  const text =
    revision?.startsWith('as-of:') === true
      ? revision.slice('as-of:'.length)
      : revision === undefined
        ? s3AsOf
        : undefined;
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (time !== undefined) return new Date(time);
  throw new SettingsError({
    setting: 'WHERRY_S3_AS_OF',
    problem: `"${text}" is not a time`,
    cure: 'write one such as 2026-11-22T23:59:59Z',
  });
}

function noListing(revision: string): MissingError {
  return new MissingError({
    setting: 'WHERRY_S3_PREFIX',
    problem: `"${revision}" is no state of a prefix`,
    cure: 'name it as the status does: listing:…, or as-of: and a time where the bucket keeps versions',
  });
}
