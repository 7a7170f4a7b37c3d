import { Metrics } from '../admin/metrics.ts';
import type { AdminServer } from '../admin/server.ts';
import { Engine } from '../engine/engine.ts';
import { Loop } from '../engine/loop.ts';
import { StateStore } from '../engine/state-store.ts';
import { exitCodes } from '../failure/failure.ts';
import type { Log } from '../platform/log.ts';
import { returnMemory } from '../platform/memory.ts';
import type { LoadedSettings } from '../settings/settings.ts';
import { FileRequestBox } from '../steering/request-box.ts';
import type { RequestWatch } from '../steering/request-watch.ts';
import { version } from '../version.ts';
import { adminView, liveStatus } from './admin-view.ts';
import { placesOf } from './places.ts';
import { reportFatal } from './report.ts';
import { SettingsWatch } from './settings-watch.ts';
import { SourceWatch } from './source-watch.ts';
import { createLock, createParts, createPublisher, loggerFor, publisherOptions } from './wiring.ts';

/** However something hangs, the process is gone before the kubelet would kill it. Milliseconds. */
const stopDeadline = 4000;
/** The first set goes before the administration: it waits for the first turn to end, but no longer than this. */
const adminDelay = 250;
/** After a set is made, and all that it wakes. Milliseconds. */
const calmAfter = 10_000;
/** After so many turns the garbage that each leaves, and that V8 lets lie, is a third of a MiB. */
const turnsOfGarbage = 500;

/** The sidecar: until SIGTERM, or until one failure too many. */
export async function run(loaded: LoadedSettings, env: NodeJS.ProcessEnv): Promise<number> {
  process.umask(0);
  const { settings } = loaded;
  const logging = loggerFor(settings);
  const ending = endOnSignal(logging);
  const log = await logging;
  const options = publisherOptions(settings);
  const { target, stateDir } = placesOf(settings);
  const metrics: Metrics = new Metrics(() => liveStatus(engine, loop));
  const parts = await createParts(settings, env, { log, observer: metrics, withTargets: true });
  await using guard = createLock(settings, parts, log, () => engine.alarm.ring());
  await using engine: Engine = new Engine(
    {
      publisher: await createPublisher(settings),
      targetDir: target,
      stageOptions: options,
      store: new StateStore(stateDir, log),
      observer: metrics,
      log,
      ending,
      isTaken: () => guard.isTaken(),
      drift: settings.drift,
    },
    parts,
  );
  const settingsWatch = new SettingsWatch(loaded, log);
  const refresh = async () => {
    const changed = settingsWatch.takeChanged();
    return changed === undefined
      ? undefined
      : createParts(changed, env, { log, observer: metrics, withTargets: true });
  };
  const firstTurn = Promise.withResolvers<void>();
  let requestWatch: RequestWatch | undefined;
  let madeSets = 0;
  let turns = 0;
  const calm = setTimeout(returnMemory, calmAfter).unref();
  const afterTurn = async (hasFailed: boolean) => {
    firstTurn.resolve();
    const { sequence = 0 } = engine.state ?? {};
    turns += 1;
    if (sequence !== madeSets) calm.refresh();
    else if (turns % turnsOfGarbage === 0) returnMemory();
    madeSets = sequence;
    requestWatch?.ensure();
    await sourceWatch.follow(engine.source, !hasFailed);
  };
  const requests = new FileRequestBox(stateDir, log);
  const loop = new Loop({ engine, guard, refresh, requests, afterTurn, log });
  await using sourceWatch = new SourceWatch(loop.wake, log);
  process.on('SIGHUP', loop.wake);
  log.info({ version, source: parts.description, target }, 'wherry starts');

  const ended = loop.run(ending);
  await Promise.race([firstTurn.promise, ended, sleep(adminDelay)]);
  await using _admin = await openAdmin(settingsWatch, { engine, loop, metrics, log });
  await using openedWatch = await watchRequests(stateDir, loop, log);
  requestWatch = openedWatch;
  const failure = await ended;
  if (failure !== undefined) {
    if (guard.refusal !== undefined) return reportFatal(failure);
    log.error({ failures: settings.maxFailures }, 'too many failures in a row (WHERRY_MAX_FAILURES)');
    return reportFatal(failure);
  }
  log.info({}, 'stopped');
  return exitCodes.done;
}

async function openAdmin(
  settingsWatch: SettingsWatch,
  { engine, loop, metrics, log }: { engine: Engine; loop: Loop; metrics: Metrics; log: Log },
): Promise<AdminServer | undefined> {
  const { adminAddress } = settingsWatch.current;
  if (adminAddress === 'off') return undefined;
  const { startAdmin } = await import('../admin/server.ts');
  return startAdmin({
    address: adminAddress,
    token: () => settingsWatch.current.adminToken,
    view: adminView(engine, loop, metrics),
    onSync: loop.wake,
    onWish: async (wish) => (await import('./carry-out.ts')).carryOut(wish, engine, loop),
    log,
  });
}

async function watchRequests(stateDir: string, loop: Loop, log: Log): Promise<RequestWatch> {
  const { RequestWatch } = await import('../steering/request-watch.ts');
  const watch = new RequestWatch(stateDir, loop.wake, log);
  watch.ensure();
  return watch;
}

/** SIGTERM is a wish that is always granted: with 0, and soon. It may come before there is a log. */
function endOnSignal(logging: Promise<Log>): AbortSignal {
  const controller = new AbortController();
  const end = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted)
      logging.then(
        (log) => log.info({ signal: name }, 'stopping'),
        () => undefined,
      );
    controller.abort();
    setTimeout(() => process.exit(exitCodes.done), stopDeadline).unref();
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  return controller.signal;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
