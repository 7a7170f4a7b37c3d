import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine } from '../../src/engine/engine.ts';
import { silentObserver } from '../../src/engine/observer.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import type { Parts } from '../../src/engine/parts.ts';
import { StateStore } from '../../src/engine/state-store.ts';
import type { Log } from '../../src/platform/log.ts';
import type { PublisherOptions } from '../../src/publish/publisher.ts';
import { SymlinkPublisher } from '../../src/publish/symlink-publisher.ts';
import { toEverybody } from '../../src/reload/routing.ts';
import type { MemorySource } from './memory-source.ts';

const silentLog: Log = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** An engine on a target directory, as the commands wire it. */
export function engineOn(
  target: string,
  source: MemorySource,
  parts: Partial<Parts> = {},
  changes: Partial<PublisherOptions> = {},
  more: Partial<EngineOptions> = {},
): Engine {
  const options = {
    target,
    stateDir: join(target, '..wherry'),
    retain: 0,
    fileMode: 0o644,
    dirMode: 0o755,
    fsync: false,
    maxBytes: 1024 ** 3,
    ...changes,
  };
  return new Engine(
    {
      publisher: new SymlinkPublisher(options),
      targetDir: target,
      stageOptions: options,
      store: new StateStore(options.stateDir, silentLog),
      observer: silentObserver,
      log: silentLog,
      ending: new AbortController().signal,
      ...more,
    },
    {
      keys: { setKey: 'set', reloadKey: 'reload' },
      createSource: (revision) => (revision === undefined ? source : source.at(revision)),
      description: source.description,
      pinFault: () => undefined,
      targets: [],
      routing: toEverybody,
      validate: undefined,
      verification: undefined,
      linkRule: 'internal',
      guardRails: {
        maxFiles: 50_000,
        maxDelete: 1,
        require: [],
        allowEmpty: false,
        refuseCollapse: false,
        kept: [],
      },
      rollback: true,
      reloadOnStart: 'changed',
      pollInterval: 0,
      pollJitter: 0,
      debounce: 0,
      debounceMax: 0,
      syncTimeout: 60_000,
      reloadTimeout: 30_000,
      maxFailures: 0,
      ...parts,
    },
  );
}

/** What a reader sees who follows `..data` once: path → content, links as `-> target`. Undefined without a set. */
export async function readSet(target: string): Promise<Record<string, string> | undefined> {
  const name = await readlink(join(target, '..data')).catch(() => undefined);
  return name === undefined ? undefined : readTree(join(target, name), '');
}

async function readTree(root: string, below: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (path === '.wherry.json') continue;
    if (entry.isDirectory()) Object.assign(found, await readTree(root, path));
    else if (entry.isSymbolicLink()) found[path] = `-> ${await readlink(join(root, path))}`;
    else found[path] = await readFile(join(root, path), 'utf8');
  }
  return found;
}

/** The visible names of the target, without those that start with two dots. */
export async function visibleNames(target: string): Promise<readonly string[]> {
  return (await readdir(target)).filter((name) => !name.startsWith('..')).sort();
}

export async function generationNames(target: string): Promise<readonly string[]> {
  return (await readdir(target)).filter((name) => /^\.\.\d/.test(name)).sort();
}

export async function modeOf(path: string): Promise<string> {
  return ((await lstat(path)).mode & 0o7777).toString(8);
}
