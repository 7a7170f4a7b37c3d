import { createHash } from 'node:crypto';
import { type Dirent, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { systemCode } from '../../../src/failure/failure.ts';
import type { InotifyEvent, InotifyFeed } from './inotify-feed.ts';
import type { Place, Start, Tell } from './kinds.ts';
import { pollInterval } from './node-watchers.ts';
import { readVersion, type Seen } from './versions.ts';

/*
 * Programs that are not here, by the rules in their sources by which they react to what the kernel tells them.
 */

/** What fsnotify calls Create and Write. */
const createOrWrite = ['CREATE', 'MOVED_TO', 'MODIFY'];

export function inotifyWatchers(feed: InotifyFeed): Record<string, Start> {
  const on = (path: string, tell: Tell, takes: (event: InotifyEvent) => boolean = () => true) =>
    feed.on(path, (event) => {
      if (takes(event)) tell(`${event.kind} ${event.name}`);
    });
  return {
    'inotify on the file': async ({ file }, tell) => on(file, tell),
    'inotify on the directory': async ({ directory }, tell) => on(directory, tell),
    'inotify on the directory, only events of that name (Traefik 2, `filename`)': async (place, tell) =>
      on(place.directory, tell, ({ name }) => name === basename(place.file)),
    'Traefik 3, `filename`': async (place, tell) => traefikFile(feed, place, tell),
    'Traefik, `directory`': async (place, tell) => traefikDirectory(feed, place, tell),
    'configmap-reload': async ({ directory }, tell) =>
      on(directory, tell, ({ name, kind }) => name === '..data' && createOrWrite.includes(kind)),
    'viper (Go)': async ({ directory, file }, tell) => viper(feed, directory, file, tell),
    'Envoy, `path`': async ({ directory, file }, tell) =>
      on(directory, tell, ({ name, kind }) => name === basename(file) && kind === 'MOVED_TO'),
    'Envoy, `watched_directory`': async ({ target }, tell) =>
      on(target, tell, ({ kind }) => kind === 'MOVED_TO'),
    'Prometheus 3, `--enable-feature=auto-reload-config`': async ({ file }, tell) => checksum(file, tell),
  };
}

/** It watches the file and its directory, takes every event of that name, and loads what is another content. */
function traefikFile(feed: InotifyFeed, { directory, file }: Place, tell: Tell): AsyncDisposable | undefined {
  const load = differing(tell, () => readVersion(file));
  const inDirectory = feed.on(directory, ({ name, kind }) => {
    if (name === basename(file)) load(`${kind} ${name}`);
  });
  const ofFile = feed.on(file, ({ kind }) => load(kind));
  return inDirectory && { [Symbol.asyncDispose]: () => endAll(inDirectory, ofFile) };
}

/** At any event it reads all files in the directory and in all real directories below, and loads what is another content. */
function traefikDirectory(
  feed: InotifyFeed,
  { directory, file }: Place,
  tell: Tell,
): AsyncDisposable | undefined {
  const load = differing(tell, () => {
    const found = findAll(directory, basename(file)).map(readVersion);
    return found.length > 1 ? 'twice' : (found[0] ?? 'absent');
  });
  return feed.on(directory, ({ kind, name }) => load(`${kind} ${name}`));
}

/** Where it would find the file: a link to a directory is none to it, and a link to a file is a file. */
function findAll(directory: string, name: string): string[] {
  return entriesOf(directory).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return findAll(path, name);
    return entry.name === name ? [path] : [];
  });
}

function entriesOf(directory: string): readonly Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Its directory is watched; a change is that the path leads elsewhere, or that the file itself is written or created. */
function viper(feed: InotifyFeed, directory: string, file: string, tell: Tell): AsyncDisposable | undefined {
  let real = realPath(file);
  let isOver = false;
  return feed.on(directory, ({ name, kind }) => {
    if (isOver) return;
    const now = realPath(file);
    const isWritten = name === basename(file) && createOrWrite.includes(kind);
    if (isWritten || (now !== undefined && now !== real)) {
      real = now;
      tell(`${kind} ${name}`);
    } else if (name === basename(file) && kind === 'DELETE') isOver = true;
  });
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** Compares a checksum over the configuration at an interval. */
function checksum(file: string, tell: Tell): AsyncDisposable {
  const ending = new AbortController();
  const ofFile = () => {
    try {
      return createHash('sha256').update(readFileSync(file)).digest('hex');
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  };
  let known = ofFile();
  const looking = (async () => {
    for await (const _ of setInterval(pollInterval, undefined, { signal: ending.signal })) {
      const now = ofFile();
      // It cannot read what is not there: an error in its log, and nothing else.
      if (now === undefined || now === known) continue;
      known = now;
      tell('checksum');
    }
  })().catch((error: unknown) => {
    if (!ending.signal.aborted) throw error;
  });
  return {
    [Symbol.asyncDispose]: async () => {
      ending.abort();
      await looking;
    },
  };
}

/** Tells only of what differs from what was loaded last; what is loaded twice is wrong each time. */
function differing(tell: Tell, read: () => Seen): (by: string) => void {
  let loaded = read();
  return (by) => {
    const seen = read();
    if (seen === loaded && seen !== 'twice') return;
    loaded = seen;
    tell(by, seen);
  };
}

async function endAll(...all: readonly (AsyncDisposable | undefined)[]): Promise<void> {
  for (const one of all) await one?.[Symbol.asyncDispose]();
}
