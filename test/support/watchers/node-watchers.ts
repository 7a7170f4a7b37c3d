import { type StatsListener, unwatchFile, watch, watchFile } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type ChokidarOptions, watch as watchWithChokidar } from 'chokidar';
import { systemCode } from '../../../src/failure/failure.ts';
import type { Start } from './kinds.ts';

/** Milliseconds between two looks of the watchers that poll. */
export const pollInterval = 50;

/** `fs.watch`; `takes` says which names count. Cannot start on what is not there. */
export function fsWatch(path: string, tell: (by: string) => void, takes: (name: string) => boolean) {
  try {
    const watcher = watch(path, (event, name) => {
      if (takes(name ?? '')) tell(`${event} ${name}`);
    });
    return { [Symbol.asyncDispose]: async () => watcher.close() };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** `fs.watchFile`; starts on what is not there too. */
export function statPolling(path: string, tell: (by: string) => void): AsyncDisposable {
  const listener: StatsListener = (now, before) => {
    // Node tells at once that there is no file.
    if (now.ino !== 0 || before.ino !== 0) tell('stat');
  };
  watchFile(path, { interval: pollInterval }, listener);
  return { [Symbol.asyncDispose]: async () => unwatchFile(path, listener) };
}

/** chokidar on a path, telling of the events of one file. */
export async function chokidar(
  path: string,
  file: string,
  tell: (by: string) => void,
  options: ChokidarOptions = {},
): Promise<AsyncDisposable> {
  const watcher = watchWithChokidar(path, { ignoreInitial: true, ...options });
  watcher.on('all', (event, changed) => {
    if (resolve(changed) === file) tell(event);
  });
  await new Promise<void>((ready) => watcher.once('ready', () => ready()));
  return { [Symbol.asyncDispose]: () => watcher.close() };
}

const polling = { usePolling: true, interval: pollInterval };

export const nodeWatchers = {
  '`fs.watch` on the file': async ({ file }, tell) => fsWatch(file, tell, () => true),
  '`fs.watch` on the directory': async ({ directory }, tell) => fsWatch(directory, tell, () => true),
  '`fs.watch` on the directory, only events of that name': async ({ directory, file }, tell) =>
    fsWatch(directory, tell, (name) => name === basename(file)),
  'chokidar on the file': ({ file }, tell) => chokidar(file, file, tell),
  'chokidar on the directory': ({ directory, file }, tell) => chokidar(directory, file, tell),
  'chokidar on the file, polling': ({ file }, tell) => chokidar(file, file, tell, polling),
  '`fs.watchFile` (stat polling)': async ({ file }, tell) => statPolling(file, tell),
} satisfies Record<string, Start>;
