import { Engine } from '../engine/engine.ts';
import { silentObserver } from '../engine/observer.ts';
import { readState, StateStore } from '../engine/state-store.ts';
import { exitCodes, type Failure, toFailure, UnreachableError } from '../failure/failure.ts';
import type { TargetLock } from '../lock/target-lock.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { Log } from '../platform/log.ts';
import { formatDuration } from '../platform/units.ts';
import type { Settings } from '../settings/schema.ts';
import type { LoadedSettings } from '../settings/settings.ts';
import { reportFatal } from './report.ts';
import { createLock, createParts, createPublisher, loggerFor, placesOf, publisherOptions } from './wiring.ts';

/** One sync without a signal. The main container starts after it and reads what it published. */
export async function init({ settings }: LoadedSettings, env: NodeJS.ProcessEnv): Promise<number> {
  process.umask(0);
  const log = await loggerFor(settings);
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    log.info({ signal: name }, 'stopped before the set was published');
    stop.abort(new Stopped(name));
    setTimeout(() => process.exit(codeOfStopped), 4000).unref();
  };
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  const options = publisherOptions(settings);
  const publisher = await createPublisher(settings);
  const { target: targetDir, stateDir } = placesOf(settings);
  const store = new StateStore(stateDir, log);
  const parts = await createParts(settings, env, { log, withTargets: false });
  await using guard = createLock(settings, parts, log);
  await using engine = new Engine(
    {
      publisher,
      targetDir,
      stageOptions: options,
      store,
      observer: silentObserver,
      log,
      ending: stop.signal,
      isTaken: () => guard.isTaken(),
      drift: settings.drift,
    },
    parts,
  );
  try {
    await bringInTime({ engine, guard }, settings, log, stop.signal);
    return exitCodes.done;
  } catch (error) {
    if (stop.signal.aborted) return codeOfStopped;
    const state = engine.state ?? (await readState(stateDir).catch(() => undefined));
    if (settings.onInitFailure === 'use-last-good' && state?.published !== undefined) {
      log.warn({ reason: toFailure(error).message }, 'the last good set is used (WHERRY_ON_INIT_FAILURE)');
      return exitCodes.done;
    }
    return reportFatal(error);
  }
}

/** What a shell says of a program that SIGTERM ended: the pod must not go on as if the set were there. */
const codeOfStopped = 143;

class Stopped extends Error {}

/** Tries until `WHERRY_INIT_TIMEOUT`, with backoff; then the last failure is what went wrong. */
async function bringInTime(
  { engine, guard }: { readonly engine: Engine; readonly guard: TargetLock },
  settings: Settings,
  log: Log,
  outer: AbortSignal,
): Promise<void> {
  let last: Failure | undefined;
  const attempt = async (signal: AbortSignal) => {
    try {
      await guard.ensure(signal, () => engine.close());
      await engine.open();
      await engine.bring(signal);
    } catch (error) {
      if (!signal.aborted) last = toFailure(error);
      throw error;
    }
  };
  const timedOut = new UnreachableError({
    setting: 'WHERRY_INIT_TIMEOUT',
    problem: `no set was published within ${formatDuration(settings.initTimeout)}`,
    cure: 'look at the source and the network, or raise it for a large set or repository',
  });
  try {
    await withDeadline(
      settings.initTimeout,
      outer,
      () => timedOut,
      async ({ signal }) => {
        try {
          await attempt(signal);
        } catch (error) {
          if (signal.aborted || !isWorthAnotherTry(toFailure(error))) throw error;
          await retry(() => attempt(signal), toFailure(error), log, signal);
        }
      },
    );
  } catch (error) {
    throw outer.aborted ? error : (guard.refusal ?? last ?? error);
  }
}

/** A source may come back or be set right within the time; a target that cannot be written will not. */
function isWorthAnotherTry({ next, kind }: Failure): boolean {
  return next === 'retry' && kind !== 'target';
}

/** The first try needs no library. */
async function retry(
  attempt: () => Promise<void>,
  first: Failure,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { default: pRetry } = await import('p-retry');
  const report = (failure: Failure) => log.warn({ kind: failure.kind }, failure.message);
  report(first);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, 250);
    signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
  });
  await pRetry(attempt, {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: 500,
    maxTimeout: 15_000,
    randomize: true,
    signal,
    shouldRetry: ({ error }) => isWorthAnotherTry(toFailure(error)),
    onFailedAttempt: ({ error }) => report(toFailure(error)),
  });
}
