import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/engine.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import type { Parts } from '../../src/engine/parts.ts';
import type { Publisher, PublisherOptions } from '../../src/publish/publisher.ts';
import { RenamePublisher } from '../../src/publish/rename/rename-publisher.ts';
import { linkShape } from '../../src/publish/shape.ts';
import { SymlinkPublisher } from '../../src/publish/symlink-publisher.ts';
import { engineOn } from './engine-bench.ts';
import type { MemorySource } from './memory-source.ts';

/** Every way to publish, one of them under two names. */
export const modes = ['symlink', 'rename', 'link current', 'link live'] as const;

export type Mode = (typeof modes)[number];

/** From each mode to each other. */
export const changesOfMode: readonly (readonly [Mode, Mode])[] = modes.flatMap((from) =>
  modes.filter((to) => to !== from).map((to) => [from, to] as const),
);

function publisherOf(mode: Mode, options: PublisherOptions): Publisher {
  switch (mode) {
    case 'symlink':
      return new SymlinkPublisher(options);
    case 'rename':
      return new RenamePublisher({ ...options, adopt: false });
    case 'link current':
    case 'link live':
      return new SymlinkPublisher(options, linkShape(linkOf(mode)));
  }
}

function linkOf(mode: Mode): string {
  return mode.slice('link '.length);
}

/** An engine that publishes in a mode, as the commands wire it. */
export function engineIn(
  mode: Mode,
  target: string,
  source: MemorySource,
  parts: Partial<Parts> = {},
  retain = 0,
  more: Partial<EngineOptions> = {},
): Engine {
  const options = { fileMode: 0o644, dirMode: 0o755, fsync: false, maxBytes: 1024 ** 3 };
  const places = { target, stateDir: join(target, '..wherry') };
  const publisher = publisherOf(mode, { ...options, ...places, retain });
  return engineOn(target, source, parts, { retain }, { publisher, ...more });
}

/** The directory in which a reader finds the set. */
export function rootIn(mode: Mode, target: string): string {
  return mode.startsWith('link') ? join(target, linkOf(mode)) : target;
}

const own = /^\.\.|^\.wherry/;

/** What a reader finds in a directory, links followed: path → content. Wherry's own names are left out. */
export async function readAll(root: string, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(join(root, below))).filter((one) => below !== '' || !own.test(one))) {
    const path = below === '' ? name : `${below}/${name}`;
    const content = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (content !== undefined) found[path] = content;
    else Object.assign(found, await readAll(root, path).catch(() => ({})));
  }
  return found;
}

/** The names in the target that are not Wherry's own directories, and what the links among them lead to. */
export async function namesIn(target: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(target, { withFileTypes: true })) {
    if (entry.isSymbolicLink()) found[entry.name] = await readlink(join(target, entry.name));
    else if (!own.test(entry.name)) found[entry.name] = entry.isDirectory() ? 'directory' : 'file';
  }
  return found;
}
