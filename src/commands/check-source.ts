import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Parts } from '../engine/parts.ts';
import { UnreachableError } from '../failure/failure.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { Log } from '../platform/log.ts';
import { formatDuration } from '../platform/units.ts';
import { removeTree } from '../publish/closed-directories.ts';
import { Stage } from '../publish/stage.ts';
import { onTarget } from '../publish/target-errors.ts';
import type { Settings } from '../settings/schema.ts';
import type { Entry, FileEntry, Revision } from '../snapshot/entry.ts';
import { checkGuardRails } from '../snapshot/guard-rails.ts';
import { applyLinkRule } from '../snapshot/links.ts';
import { checkCoexistence } from '../snapshot/path-rules.ts';
import type { LayerStatus, Source } from '../sources/source.ts';
import type { Validate } from '../validation/gate.ts';
import { placesOf } from './places.ts';
import { createParts, publisherOptions } from './wiring.ts';

export interface SourceLook {
  readonly description: string;
  readonly revision: Revision;
  readonly entries: readonly Entry[];
  /** Whether its contents were brought, and passed every gate. */
  readonly validated: boolean;
}

/**
 * Lists what would be published, and holds the guard rails against it; where there are more gates, the contents are
 * brought for them. A running sidecar's clone is nothing to look into: this one is made for the occasion.
 */
export async function lookAtSource(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  log: Log,
  onLayers: (layers: readonly LayerStatus[]) => void,
): Promise<SourceLook> {
  const place = await mkdtemp(join(tmpdir(), 'wherry-check-')).catch(() => trialDirectory(settings));
  try {
    const parts = await createParts({ ...settings, stateDir: place }, env, {
      log,
      withTargets: false,
      withStandIns: false,
    });
    await using source = parts.createSource();
    const onTime = () =>
      new UnreachableError({
        setting: 'WHERRY_SYNC_TIMEOUT',
        problem: `no answer within ${formatDuration(settings.syncTimeout)}`,
        cure: 'look at the address and the network, or raise it for a large set or repository or a long validation',
      });
    const never = new AbortController().signal;
    try {
      return await withDeadline(settings.syncTimeout, never, onTime, ({ signal }) =>
        look({ parts, source, settings, place }, signal),
      );
    } finally {
      onLayers(source.layers?.status() ?? []);
    }
  } finally {
    await removeTree(place);
  }
}

/** On a read-only root file system the target is the one place to write to. */
export async function trialDirectory({ target }: Settings): Promise<string> {
  return onTarget(mkdtemp(join(resolve(target), '..check-')));
}

interface Looking {
  readonly parts: Parts;
  readonly source: Source;
  readonly settings: Settings;
  readonly place: string;
}

async function look(looking: Looking, signal: AbortSignal): Promise<SourceLook> {
  const { parts, source } = looking;
  await source.probe(undefined, signal);
  const { revision, entries: listed } = await source.snapshot(signal);
  const entries = applyLinkRule(listed, parts.linkRule);
  checkCoexistence(entries);
  checkGuardRails(entries, new Set(), parts.guardRails);
  const { validate } = parts;
  if (validate !== undefined) await validateTrial(looking, { validate, entries, revision }, signal);
  return { description: source.description, revision, entries, validated: validate !== undefined };
}

/** The set as it would be staged, in the place of this look. */
async function validateTrial(
  { source, settings, place }: Looking,
  {
    validate,
    entries,
    revision,
  }: { readonly validate: Validate; readonly entries: readonly Entry[]; readonly revision: Revision },
  signal: AbortSignal,
): Promise<void> {
  const directory = join(place, 'set');
  await using stage = await Stage.create(directory, { ...publisherOptions(settings), fsync: false });
  await stage.prepare(entries);
  const files = entries.filter((entry): entry is FileEntry => entry.kind === 'file');
  if (files.length > 0) await source.write(files, stage, signal);
  await stage.seal({ source: source.description, revision, sequence: 0, publishedAt: '' });
  const paths = files.map(({ path }) => path).toSorted();
  await validate({ directory, files: paths, revision, target: placesOf(settings).target }, signal);
}
