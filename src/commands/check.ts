import { access, constants, mkdir, mkdtemp, rename, rm, rmdir, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { readState } from '../engine/state-store.ts';
import { exitCodes, type Failure, systemCode, toFailure, UnreachableError } from '../failure/failure.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { Log } from '../platform/log.ts';
import { formatDuration } from '../platform/units.ts';
import { SymlinkPublisher } from '../publish/symlink-publisher.ts';
import { onTarget } from '../publish/target-errors.ts';
import type { Settings } from '../settings/schema.ts';
import { hideCredentials, type LoadOptions, loadSettings, SettingsErrors } from '../settings/settings.ts';
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
    await attempt('source', () => checkSource(valid, options.env, log));
    await attempt('target', () => checkTarget(valid));
  }
  if (asJson) out.write(`${JSON.stringify({ ok: failures.length === 0, findings }, null, 2)}\n`);
  else
    for (const { check: name, ok, message } of findings)
      out.write(`${ok ? 'ok  ' : 'FAIL'} ${name.padEnd(8)} ${message}\n`);
  return failures[0]?.exitCode ?? exitCodes.done;
}

async function checkSource(settings: Settings, env: NodeJS.ProcessEnv, log: Log): Promise<string> {
  // A running sidecar's clone is nothing to look into.
  const place = await mkdtemp(join(tmpdir(), 'wherry-check-')).catch(() => trialDirectory(settings));
  try {
    return await probeSource({ ...settings, stateDir: place }, env, log);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

/** On a read-only root file system the target is the one place to write to. */
async function trialDirectory({ target }: Settings): Promise<string> {
  return onTarget(mkdtemp(join(resolve(target), '..check-')));
}

async function probeSource(settings: Settings, env: NodeJS.ProcessEnv, log: Log): Promise<string> {
  const parts = await createParts(settings, env, log, false);
  await using source = parts.source;
  const onTime = () =>
    new UnreachableError({
      setting: 'WHERRY_SYNC_TIMEOUT',
      problem: `no answer within ${formatDuration(settings.syncTimeout)}`,
      cure: 'look at the address and the network',
    });
  const never = new AbortController().signal;
  const probe = await withDeadline(settings.syncTimeout, never, onTime, ({ signal }) =>
    source.probe(undefined, signal),
  );
  return `${source.description} is at ${probe.kind === 'moved' ? probe.revision : 'the same revision'}`;
}

/** Does in a directory of its own what a publish does, and leaves nothing behind. */
async function checkTarget(settings: Settings): Promise<string> {
  const { target, stateDir } = placesOf(settings);
  const made = await onTarget(mkdir(target, { recursive: true, mode: settings.dirMode }));
  try {
    const isOurs = (await onTarget(readState(stateDir))) !== undefined;
    await new SymlinkPublisher(publisherOptions(settings)).current(isOurs);
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
    if (made !== undefined) await rmdir(target).catch(() => undefined);
  }
  return `${target} can be published to`;
}

async function nearestExisting(path: string): Promise<string> {
  try {
    await stat(path);
    return path;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || path === dirname(path)) throw error;
    return nearestExisting(dirname(path));
  }
}
