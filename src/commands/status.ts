import { formatStatus } from '../admin/status.ts';
import { readState } from '../engine/state-store.ts';
import { exitCodes, SettingsError } from '../failure/failure.ts';
import { type Generation, readGeneration } from '../publish/generation.ts';
import { findKept } from '../publish/rename/standing.ts';
import { onTarget } from '../publish/target-errors.ts';
import type { Settings } from '../settings/schema.ts';
import type { LoadedSettings } from '../settings/settings.ts';
import { type Places, placesOf } from './places.ts';
import { statusDocument } from './status-document.ts';

/** What the state file remembers: it needs no running sidecar. */
export async function status(
  { settings }: LoadedSettings,
  asJson: boolean,
  out: NodeJS.WritableStream,
): Promise<number> {
  const places = placesOf(settings);
  const { target, stateDir } = places;
  const state = await readState(stateDir);
  if (state === undefined) {
    throw new SettingsError({
      setting: 'WHERRY_TARGET',
      problem: `${stateDir} holds no state: nothing was ever published to ${target}, or it is another directory`,
      cure: 'give status the target and state directory of the sidecar',
    });
  }
  const published = state.published && (await onTarget(generationOf(places, state.published.generation)));
  const source = published?.manifest.source ?? placeOfSource(settings) ?? 'unknown';
  const document = statusDocument(source, state, {
    // Who asks from beside the pod may not have its settings.
    verifies: settings.verifyUrl === undefined ? undefined : true,
    layers: published?.manifest.layers,
  });
  out.write(asJson ? `${JSON.stringify(document, null, 2)}\n` : formatStatus(document));
  return exitCodes.done;
}

/** Who asks need not know how it is published. */
async function generationOf(places: Places, name: string): Promise<Generation | undefined> {
  return (await readGeneration(places.target, name)) ?? findKept(places, name);
}

function placeOfSource(settings: Settings): string | undefined {
  const { layerList } = settings;
  if (layerList !== undefined) {
    return layerList
      .map(({ name, settings: own }) => `${name}: ${placeOfSource(own) ?? 'unknown'}`)
      .join(', ');
  }
  return settings.gitRepo?.display ?? placeInBucket(settings) ?? settings.dirPath;
}

function placeInBucket({ s3Bucket, ...layouts }: Settings): string | undefined {
  const { s3Object, s3Archive, s3Pointer, s3Prefix } = layouts;
  if (s3Bucket === undefined) return undefined;
  return `s3://${s3Bucket.text}/${s3Object ?? s3Archive ?? s3Pointer ?? s3Prefix ?? ''}`;
}
