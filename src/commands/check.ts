import { access, constants, mkdtemp, rename, rm, rmdir, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readState } from '../engine/state-store.ts';
import { exitCodes, type Failure, TargetError, toFailure, UnreachableError } from '../failure/failure.ts';
import { withDeadline } from '../platform/deadline.ts';
import { ensureDirectory } from '../platform/directory.ts';
import type { Log } from '../platform/log.ts';
import { formatDuration } from '../platform/units.ts';
import { SymlinkPublisher } from '../publish/symlink-publisher.ts';
import { onTarget } from '../publish/target-errors.ts';
import type { Settings } from '../settings/schema.ts';
import { hideCredentials, type LoadOptions, loadSettings, SettingsErrors } from '../settings/settings.ts';
import type { Entry, Revision } from '../snapshot/entry.ts';
import { checkGuardRails } from '../snapshot/guard-rails.ts';
import { applyLinkRule } from '../snapshot/links.ts';
import { checkCoexistence } from '../snapshot/path-rules.ts';
import { createParts, loggerFor, placesOf, publisherOptions } from './wiring.ts';

interface Finding {
  readonly check: 'settings' | 'source' | 'target';
  readonly ok: boolean;
  readonly message: string;
}

/** Validates every setting, reaches the source, proves that the target can be published to; asks no reload target. */
export async function check(
  options: LoadOptions,
  asJson: boolean,
  out: NodeJS.WritableStream,
): Promise<number> {
  const findings: Finding[] = [];
  const failures: Failure[] = [];
  const attempt = async (name: Finding['check'], run: () => Promise<string>) => {
    try {
      findings.push({ check: name, ok: true, message: await run() });
    } catch (error) {
      const failure = toFailure(error);
      failures.push(failure);
      const messages = failure instanceof SettingsErrors ? failure.problems : [failure.message];
      for (const message of messages)
        findings.push({ check: name, ok: false, message: hideCredentials(message) });
    }
  };
  let settings: Settings | undefined;
  await attempt('settings', async () => {
    settings = loadSettings(options).settings;
    return 'every setting is valid';
  });
  if (settings !== undefined) {
    const valid = settings;
    const log = await loggerFor({ ...valid, logLevel: 'warn' });
    let entries: readonly Entry[] = [];
    await attempt('source', async () => {
      const { description, revision, entries: listed } = await lookAt(valid, options.env, log);
      entries = listed;
      return `${description} is at ${revision}, ${listed.length} files`;
    });
    await attempt('target', () => checkTarget(valid, entries));
  }
  if (asJson) out.write(`${JSON.stringify({ ok: failures.length === 0, findings }, null, 2)}\n`);
  else
    for (const { check: name, ok, message } of findings)
      out.write(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${message}\n`);
  return failures[0]?.exitCode ?? exitCodes.done;
}

/**
 * Lists what would be published, and holds the guard rails against it; contents are not brought. A running sidecar's
 * clone is nothing to look into: this one is made for the occasion.
 */
async function lookAt(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  log: Log,
): Promise<{
  readonly description: string;
  readonly revision: Revision;
  readonly entries: readonly Entry[];
}> {
  const place = await mkdtemp(join(tmpdir(), 'wherry-check-')).catch(() => trialDirectory(settings));
  try {
    const parts = await createParts({ ...settings, stateDir: place }, env, log, false);
    await using source = parts.source;
    const onTime = () =>
      new UnreachableError({
        setting: 'WHERRY_SYNC_TIMEOUT',
        problem: `no answer within ${formatDuration(settings.syncTimeout)}`,
        cure: 'look at the address and the network',
      });
    const never = new AbortController().signal;
    return await withDeadline(settings.syncTimeout, never, onTime, async ({ signal }) => {
      await source.probe(undefined, signal);
      const snapshot = await source.snapshot(signal);
      const entries = applyLinkRule(snapshot.entries, parts.linkRule);
      checkCoexistence(entries);
      checkGuardRails(entries, new Set(), parts.guardRails);
      return { description: source.description, revision: snapshot.revision, entries };
    });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** On a read-only root file system the target is the one place to write to. */
async function trialDirectory({ target }: Settings): Promise<string> {
  return onTarget(mkdtemp(join(resolve(target), '..check-')));
}

/** Does in a directory of its own what a publish does, and leaves nothing behind. */
async function checkTarget(settings: Settings, entries: readonly Entry[]): Promise<string> {
  const { target, stateDir } = placesOf(settings);
  const isNew = !(await exists(target));
  try {
    await onTarget(ensureDirectory(target, settings.dirMode));
    await requireDirectory(stateDir);
    const isOurs = (await onTarget(readState(stateDir))) !== undefined;
    const publisher = new SymlinkPublisher(publisherOptions(settings));
    await publisher.current(isOurs);
    await publisher.refuseForeign(entries);
    const trial = await trialDirectory(settings);
    try {
      await onTarget(symlink('first', join(trial, 'link_tmp')));
      await onTarget(rename(join(trial, 'link_tmp'), join(trial, 'link')));
    } finally {
      await rm(trial, { recursive: true, force: true });
    }
    await onTarget(access(await nearestExisting(stateDir), constants.W_OK));
  } finally {
    // A directory that only this check needed goes again.
    if (isNew) await rmdir(target).catch(() => undefined);
  }
  return `${target} can be published to`;
}

/** What is there under the state directory's name must be one. */
async function requireDirectory(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || found.isDirectory()) return;
  throw new TargetError({
    setting: 'WHERRY_STATE_DIR',
    problem: `${path} is not a directory`,
    cure: 'remove it, or name another directory',
  });
}

async function nearestExisting(path: string): Promise<string> {
  return path === dirname(path) || (await exists(path)) ? path : nearestExisting(dirname(path));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
