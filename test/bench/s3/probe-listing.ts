import { favourMemory } from '../../../src/platform/memory.ts';
import { loadSettings } from '../../../src/settings/settings.ts';
import { createS3Source } from '../../../src/sources/s3/s3-source.ts';
import { sayListing } from './listing-figures.ts';
import { settingsOf } from './store.ts';

/** Probes a prefix with the source's own code, in the state of mind of a sidecar. Without globs every object counts. */
favourMemory(process.execArgv, process.env);
await sayListing(({ prefix, ...place }) => {
  const env = { ...settingsOf(place), WHERRY_S3_PREFIX: prefix, WHERRY_S3_SETTLE: '0s' };
  const { settings } = loadSettings({ env, flags: new Map(), complete: true });
  const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  const source = createS3Source({
    settings,
    env,
    stateDir: '/nonexistent',
    log: silent,
    onRequest: () => undefined,
    revision: undefined,
  });
  return async () => {
    await source.probe(undefined, new AbortController().signal);
  };
});
