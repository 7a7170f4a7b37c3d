import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { InotifyFeed } from './inotify-feed.ts';
import type { NamedPlace, Start, Told } from './kinds.ts';
import { chokidar, fsWatch, nodeWatchers, pollInterval, statPolling } from './node-watchers.ts';
import { inotifyWatchers } from './stand-ins.ts';
import { readVersion } from './versions.ts';

/*
 * Every watcher, in a process of its own as in a container of its own: nothing of the publisher's can hold it up. Each
 * reads at once when it is told. `start`, `gather` and `stop` come as messages, one at a time.
 */

/** What `gather` answers: for each watcher that could start, what it was told since the last time. */
export type Gathered = Record<string, readonly Told[]>;

export type Command =
  | { readonly do: 'start'; readonly places: readonly NamedPlace[] }
  | { readonly do: 'gather' | 'stop' };

export interface Answer {
  readonly answer?: Gathered | undefined;
  readonly error?: string;
}

/** Milliseconds without any wake-up after which nothing more is expected. */
const quiet = 250;
const longest = 10_000;

const [fence = ''] = process.argv.slice(2);
let running = new AsyncDisposableStack();
let told: Record<string, Told[]> = {};
let lastToldAt = 0;
const passed = new Map<string, number>();
let fences = 0;

async function start(places: readonly NamedPlace[]): Promise<void> {
  told = {};
  passed.clear();
  const paths = places.flatMap(({ target, directory, file }) => [target, directory, file]);
  const feed = running.use(await InotifyFeed.start([...paths, dirname(fence)]));
  const kinds: Record<string, Start> = { ...nodeWatchers, ...inotifyWatchers(feed) };
  for (const { suffix, watchers, ...place } of places) {
    for (const kind of watchers ?? Object.keys(kinds)) {
      const name = `${kind}${suffix}`;
      const watcher = await kinds[kind]?.(place, tellOf(name, place.file));
      if (watcher === undefined) continue;
      told[name] ??= [];
      running.use(watcher);
    }
  }
  await buildFences(feed);
  await passFences();
  for (const list of Object.values(told)) list.length = 0;
}

function tellOf(name: string, file: string) {
  return (by: string, seen = readVersion(file)) => {
    told[name] ??= [];
    lastToldAt = performance.now();
    told[name].push({ by, seen, at: lastToldAt });
  };
}

/** One watcher of each mechanism on a file that only this process writes: what comes before it has come. */
async function buildFences(feed: InotifyFeed): Promise<void> {
  writeFileSync(fence, '0');
  const pass = (mechanism: string) => {
    passed.set(mechanism, -1);
    return () => void passed.set(mechanism, fences);
  };
  running.use(fsWatch(fence, pass('fs.watch'), () => true));
  running.use(statPolling(fence, pass('stat')));
  running.use(await chokidar(fence, fence, pass('chokidar')));
  running.use(
    await chokidar(fence, fence, pass('chokidar polling'), { usePolling: true, interval: pollInterval }),
  );
  running.use(feed.on(dirname(fence), pass('inotify')));
}

async function passFences(): Promise<void> {
  const end = performance.now() + longest;
  // Twice, because those that poll may have been between their looks at the first.
  for (let round = 0; round < 2; round += 1) {
    fences += 1;
    const wanted = fences;
    for (;;) {
      writeFileSync(
        fence,
        `${wanted} ${performance.now()}`.padEnd(60 + (Math.round(performance.now()) % 40)),
      );
      await setTimeout(pollInterval);
      if ([...passed.values()].every((at) => at >= wanted)) break;
      if (performance.now() > end) throw new Error(`not every watcher works: ${JSON.stringify([...passed])}`);
    }
  }
}

async function gather(): Promise<Gathered> {
  await passFences();
  while (performance.now() - lastToldAt < quiet) await setTimeout(quiet / 4);
  const gathered = Object.fromEntries(Object.entries(told).map(([name, list]) => [name, [...list]]));
  for (const list of Object.values(told)) list.length = 0;
  return gathered;
}

async function stop(): Promise<void> {
  const all = running;
  running = new AsyncDisposableStack();
  await all.disposeAsync();
}

async function obey(command: Command): Promise<Gathered | undefined> {
  switch (command.do) {
    case 'start':
      return void (await start(command.places));
    case 'gather':
      return gather();
    case 'stop':
      return void (await stop());
  }
}

const reply = (answer: Answer) => void process.send?.(answer);
process.on('message', (command: Command) => {
  obey(command).then(
    (answer) => reply({ answer }),
    (error: unknown) => reply({ error: error instanceof Error ? (error.stack ?? '') : String(error) }),
  );
});
process.on('disconnect', () => void stop().finally(() => process.exit(0)));
reply({});
