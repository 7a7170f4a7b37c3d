import { access, constants, rename, rmdir, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { emptyState } from '../engine/machine/state.ts';
import { oursAtStart } from '../engine/ours.ts';
import { readState } from '../engine/state-store.ts';
import { exitCodes, type Failure, TargetError, toFailure } from '../failure/failure.ts';
import { ensureDirectory } from '../platform/directory.ts';
import type { Log } from '../platform/log.ts';
import { fillingMode, removeTree } from '../publish/closed-directories.ts';
import { onTarget } from '../publish/target-errors.ts';
import { inLayerTerms } from '../settings/layers/terms.ts';
import type { Settings } from '../settings/schema.ts';
import { hideCredentials, type LoadOptions, loadSettings, SettingsErrors } from '../settings/settings.ts';
import type { Entry } from '../snapshot/entry.ts';
import type { LayerStatus } from '../sources/source.ts';
import { lookAtSource, trialDirectory } from './check-source.ts';
import { placesOf } from './places.ts';
import { createPublisher, loggerFor } from './wiring.ts';

interface Finding {
  readonly check: 'settings' | 'source' | 's3' | 'target';
  readonly ok: boolean;
  /** Nothing is wrong, but somebody should know. */
  readonly warning?: true;
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
    let layers: readonly LayerStatus[] = [];
    await attempt('source', async () => {
      const found = await lookAtSource(valid, options.env, log, (statuses) => {
        layers = statuses;
      });
      entries = found.entries;
      return `${found.description} is at ${found.revision}, ${countOf(entries.length)}${found.validated ? ', which pass the gates' : ''}`;
    });
    for (const layer of layers) {
      if (layer.failure === undefined) findings.push(wellLayer(layer, entries));
      // The first is why the source as a whole failed.
      else if (failures.every(({ message }) => message !== layer.failure?.message))
        findings.push({ check: 'source', ok: false, message: hideCredentials(layer.failure.message) });
    }
    if (failures.length === 0) findings.push(...(await examined(valid, options, log)));
    await attempt('target', () => checkTarget(valid, entries));
    const held = await holderOf(valid);
    if (held !== undefined) findings.push({ check: 'target', ok: true, warning: true, message: held });
  }
  if (asJson) out.write(`${JSON.stringify({ ok: failures.length === 0, findings }, null, 2)}\n`);
  else
    for (const finding of findings)
      out.write(`${verdictOf(finding)} ${finding.check.padEnd(8)} ${finding.message}\n`);
  return failures[0]?.exitCode ?? exitCodes.done;
}

function wellLayer({ name, source, revision }: LayerStatus, entries: readonly Entry[]): Finding {
  const own = entries.filter(({ layer }) => layer === name);
  const count = entries.length === 0 ? '' : `, ${countOf(own.length)} of the set`;
  return { check: 'source', ok: true, message: `layer ${name}: ${source} is at ${revision}${count}` };
}

/** What is to be known of each bucket. */
async function examined(settings: Settings, options: LoadOptions, log: Log): Promise<readonly Finding[]> {
  const { layerList } = settings;
  if (layerList === undefined) return settings.source === 's3' ? observations(settings, options, log) : [];
  const findings: Finding[] = [];
  for (const { name, settings: own } of layerList) {
    if (own.source !== 's3') continue;
    for (const finding of await observations(own, options, log))
      findings.push({ ...finding, message: `layer ${name}: ${inLayerTerms(finding.message, name)}` });
  }
  return findings;
}

function countOf(files: number): string {
  return files === 1 ? '1 file' : `${files} files`;
}

function verdictOf({ ok, warning }: Finding): string {
  if (!ok) return 'FAIL';
  return warning === true ? 'warn' : 'ok  ';
}

/** What is to be known of a bucket that works. */
async function observations(settings: Settings, { env }: LoadOptions, log: Log): Promise<readonly Finding[]> {
  const { examine } = await import('../sources/s3/examination/examine.ts');
  try {
    const found = await examine({ settings, env, log }, AbortSignal.timeout(settings.syncTimeout));
    return found.map(({ level, message }) => ({
      check: 's3',
      ok: true,
      ...(level === 'warning' ? { warning: true } : {}),
      message,
    }));
  } catch (error) {
    return [
      {
        check: 's3',
        ok: true,
        warning: true,
        message: `not all could be found out: ${toFailure(error).message}`,
      },
    ];
  }
}

/** Does in a directory of its own what a publish does, and leaves nothing behind. */
async function checkTarget(settings: Settings, entries: readonly Entry[]): Promise<string> {
  const { target, stateDir } = placesOf(settings);
  const isNew = !(await exists(target));
  try {
    await onTarget(ensureDirectory(target, fillingMode(settings.dirMode)));
    await requireDirectory(stateDir);
    const state = (await readState(stateDir)) ?? emptyState;
    const publisher = await createPublisher(settings);
    await publisher.current(oursAtStart(state, { target, stateDir }));
    await publisher.refuseForeign(entries);
    const trial = await trialDirectory(settings);
    try {
      await onTarget(writeFile(join(trial, 'file'), Buffer.alloc(4096)));
      await onTarget(symlink('first', join(trial, 'link_tmp')));
      await onTarget(rename(join(trial, 'link_tmp'), join(trial, 'link')));
    } finally {
      await removeTree(trial);
    }
    await onTarget(access(await nearestExisting(stateDir), constants.W_OK));
  } finally {
    // A directory that only this check needed goes again.
    if (isNew) await rmdir(target).catch(() => undefined);
  }
  return `${target} can be published to`;
}

/** Who works on the target now; nobody, when nobody is asked. */
async function holderOf(settings: Settings): Promise<string | undefined> {
  if (settings.lock === 'off' || process.platform !== 'linux') return undefined;
  const { whoHolds } = await import('../lock/who-holds.ts');
  const held = await whoHolds(placesOf(settings), AbortSignal.timeout(settings.syncTimeout));
  if (held === undefined) return undefined;
  const next = settings.lock === 'wait' ? 'would wait for its end' : 'would end with 7';
  return `${settings.target} is ${held}; another one ${next} (WHERRY_LOCK)`;
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
