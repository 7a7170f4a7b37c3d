import { Engine } from '../engine/engine.ts';
import { silentObserver } from '../engine/observer.ts';
import { readState, StateStore } from '../engine/state-store.ts';
import { exitCodes, type Failure, toFailure, UnreachableError } from '../failure/failure.ts';
import type { TargetLock } from '../lock/target-lock.ts';
import { withDeadline } from '../platform/deadline.ts';
import type { Log } from '../platform/log.ts';
import { formatDuration } from '../platform/units.ts';
import type { Settings } from '../settings/schema.ts';
import type { Begun } from './begin.ts';
import { placesOf } from './places.ts';
import { reportFatal } from './report.ts';
import { codeOfStopped, Stopped } from './stopped.ts';
import { createLock, createParts, createPublisher, loggerFor, publisherOptions } from './wiring.ts';

export interface FirstSetOptions {
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  readonly begun: Begun | undefined;
  /** Its reason is `Stopped`. */
  readonly stop: AbortSignal;
}

/** One sync without a signal. */
export async function publishFirstSet({ settings, env, begun, stop }: FirstSetOptions): Promise<number> {
  const log = await loggerFor(settings);
  const tell = () => log.info({ signal: nameOf(stop) }, 'stopped before the set was published');
  if (stop.aborted) tell();
  else stop.addEventListener('abort', tell, { once: true });
  begun?.log.passTo(log);
  const options = publisherOptions(settings);
  const publisher = await createPublisher(settings);
  const { target: targetDir, stateDir } = placesOf(settings);
  const store = new StateStore(stateDir, log);
  const parts = await createParts(settings, env, { log, withTargets: false, begun: begun?.source });
  await using guard = createLock(settings, parts, log);
  await using engine = new Engine(
    {
      publisher,
      targetDir,
      stageOptions: options,
      store,
      observer: silentObserver,
      log,
      ending: stop,
      isTaken: () => guard.isTaken(),
      drift: settings.drift,
    },
    parts,
  );
  try {
    await bringInTime({ engine, guard }, settings, log, stop);
    return exitCodes.done;
  } catch (error) {
    if (stop.aborted) return codeOfStopped;
    const state = engine.state ?? (await readState(stateDir).catch(() => undefined));
    if (settings.onInitFailure === 'use-last-good' && state?.published !== undefined) {
      log.warn({ reason: toFailure(error).message }, 'the last good set is used (WHERRY_ON_INIT_FAILURE)');
      return exitCodes.done;
    }
    return reportFatal(error);
  }
}

function nameOf({ reason }: AbortSignal): string | undefined {
  return reason instanceof Stopped ? reason.message : undefined;
}

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
