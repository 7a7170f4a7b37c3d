import { Failure } from '../../../failure/failure.ts';
import type { Log } from '../../../platform/log.ts';
import type { Settings } from '../../../settings/schema.ts';
import { createCredentials } from '../credentials/create-credentials.ts';
import { type ChosenLayout, chosenLayout } from '../layouts/choice.ts';
import type { S3Client } from '../store/client.ts';
import { createStore } from '../store/s3-store.ts';
import { conditions } from './conditions.ts';
import { fine, type Observation, warning } from './observation.ts';
import { priceOf } from './price.ts';

export interface Examination {
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
}

/** The store is asked with the sidecar's own requests. The bucket was reached before, and the set listed. */
export async function examine(
  { settings, env, log }: Examination,
  signal: AbortSignal,
): Promise<readonly Observation[]> {
  await using credentials = createCredentials({ settings, env, log });
  const onRequest = () => undefined;
  await using store = createStore({ settings, env, credentials, log, onRequest });
  const { client } = store;
  const chosen = chosenLayout(settings);
  const polled = polledKey(chosen, settings);
  const versioning = await versioningOf(client, chosen, signal);
  const found = [
    ...(polled === undefined
      ? []
      : await conditions(
          store,
          {
            key: polled,
            setting: settings.s3Marker === undefined ? chosen.setting : 'WHERRY_S3_MARKER',
            versionId: versionOf(settings.s3AsOf),
            isContent: chosen.kind === 'object' || chosen.kind === 'archive',
          },
          signal,
        )),
    versioning,
    await missingKeys(client, signal),
  ];
  const pages = polled === undefined ? await pagesOf(store.list(settings.s3Prefix ?? '', signal)) : 0;
  const requests = settings.s3AsOf === undefined ? Math.max(1, pages) : 0;
  const kind = pages > 0 ? 'list' : settings.s3Marker === undefined ? 'get' : 'head';
  return [
    fine(`credentials: ${credentials.description}`),
    fine(`region ${client.region}, ${client.urlStyle === 'path' ? 'path' : 'virtual-host'} style URLs`),
    clockOf(client),
    ...found,
    layoutOf(chosen, settings),
    fine(priceOf({ pollInterval: settings.pollInterval, kind, requests }, client.isAws)),
  ];
}

/** A prefix without a marker is listed, and one of the past needs its marker only to leave it out. */
function polledKey({ kind, key }: ChosenLayout, { s3AsOf, s3Marker }: Settings): string | undefined {
  if (kind !== 'prefix') return key;
  return s3AsOf === undefined ? s3Marker : undefined;
}

function clockOf({ skew }: S3Client): Observation {
  if (skew === undefined) return warning('the store does not tell its time: clock skew cannot be seen');
  // It is told in whole seconds, and the answer took its time.
  const seconds = Math.round(Math.max(0, Math.abs(skew) - 1000) / 1000);
  const text =
    seconds === 0
      ? 'the clock agrees with the store’s'
      : `the clock is ${seconds} s ${skew > 0 ? 'behind' : 'before'} the store’s`;
  if (seconds < 60) return fine(text);
  return warning(`${text}; signatures are refused from 15 minutes on: set the clock of the node right`);
}

/** A release leaves the newest state of the key to be polled. */
function versionOf(asOf: string | undefined): string | undefined {
  if (asOf === undefined || /^(release|etag):/.test(asOf)) return undefined;
  return asOf.replace(/^version:/, '');
}

async function versioningOf(
  client: S3Client,
  { kind }: ChosenLayout,
  signal: AbortSignal,
): Promise<Observation> {
  const query = { versioning: '' };
  const answer = await asked(
    client.sendWhole({ operation: 'bucket', method: 'GET', query }, 65_536, signal),
    signal,
  );
  if (answer instanceof Failure)
    return fine('versioning: not known (that needs s3:GetBucketVersioning, and nothing else does)');
  const [, status = 'off'] = /<Status>\s*(\w+)\s*<\/Status>/.exec(answer.body.toString('utf8')) ?? [];
  return status === 'Enabled'
    ? fine('versioning is on: WHERRY_S3_AS_OF and pins of earlier revisions work')
    : fine(`versioning is ${status.toLowerCase()}: ${withoutVersions(kind)}`);
}

function withoutVersions(kind: ChosenLayout['kind']): string {
  return kind === 'pointer'
    ? 'releases stay as they are and can be pinned all the same; what a pointer of plain text replaces cannot'
    : 'what is replaced is gone, and pins of earlier revisions do not work';
}

/** Without the right to list, a missing key and a forbidden one read alike. */
async function missingKeys(client: S3Client, signal: AbortSignal): Promise<Observation> {
  const key = 'wherry-check/there-is-no-such-key';
  const answer = await asked(client.sendWhole({ operation: 'head', method: 'HEAD', key }, 0, signal), signal);
  return answer instanceof Failure && answer.kind === 'missing'
    ? fine('a missing key is told from a forbidden one')
    : fine(
        'a missing key reads like a forbidden one (403): that is s3:ListBucket not being granted, and does no harm',
      );
}

function layoutOf({ kind }: ChosenLayout, { s3Marker, s3AsOf }: Settings): Observation {
  if (kind !== 'prefix') return fine(`layout ${kind}: exact, readers never see half an upload`);
  if (s3AsOf !== undefined)
    return fine(
      'layout prefix as of a time: as it was then, from the versions of the objects; whether an upload was under way cannot be told',
    );
  if (s3Marker !== undefined) {
    return fine(
      'layout prefix with marker: safe if the writer puts the marker last, a second after all else',
    );
  }
  return warning(
    'layout prefix with settling: a listing cannot prove an upload complete; let the writer put a marker last (WHERRY_S3_MARKER), or use an archive or a pointer',
  );
}

async function pagesOf(listing: AsyncIterable<unknown>): Promise<number> {
  let pages = 0;
  for await (const _ of listing) pages += 1;
  return Math.max(1, pages);
}

/** What was asked for beyond the need may be refused. */
async function asked<T>(call: Promise<T>, signal: AbortSignal): Promise<T | Failure> {
  try {
    return await call;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Failure) return error;
    throw error;
  }
}
