import { lstat, mkdir, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import type { EngineOptions } from '../../src/engine/options.ts';
import type { Parts } from '../../src/engine/parts.ts';
import { type RenameOptions, RenamePublisher } from '../../src/publish/rename/rename-publisher.ts';
import { engineOn } from './engine-bench.ts';
import { MemorySource } from './memory-source.ts';
import { temporaryDirectory } from './temporary.ts';

export const signal = new AbortController().signal;

/** A volume in which the target and the state directory lie beside each other, as an example of `deploy/` has it. */
export interface Volume {
  readonly target: string;
  readonly stateDir: string;
  readonly workshop: string;
}

export async function newVolume(): Promise<Volume> {
  const root = await temporaryDirectory();
  const stateDir = join(root, '.state');
  const target = join(root, 'live');
  await mkdir(target);
  return { target, stateDir, workshop: join(stateDir, 'generations') };
}

/** An engine that publishes by renames. */
export function renameEngineOn(
  { target, stateDir }: Volume,
  source: MemorySource,
  changes: Partial<RenameOptions> = {},
  parts: Partial<Parts> = {},
  more: Partial<EngineOptions> = {},
): Engine {
  const options = { ...changes, stateDir };
  const publisher = new RenamePublisher({
    ...{ target, stateDir, retain: 0, fileMode: 0o644, dirMode: 0o755, fsync: false },
    ...{ maxBytes: 1024 ** 3, adopt: false },
    ...changes,
  });
  return engineOn(target, source, parts, options, { publisher, ...more });
}

export interface PublishedVolume extends Volume {
  readonly source: MemorySource;
  readonly engine: Engine;
  /** Publishes another set. */
  publish(revision: string, files: Readonly<Record<string, string>>): Promise<void>;
}

export async function published(
  files: Readonly<Record<string, string>>,
  changes: Partial<RenameOptions> = {},
  parts: Partial<Parts> = {},
): Promise<PublishedVolume> {
  const volume = await newVolume();
  const source = new MemorySource();
  const engine = renameEngineOn(volume, source, changes, parts);
  onTestFinished(() => engine[Symbol.asyncDispose]());
  await engine.open();
  const publish = async (revision: string, next: Readonly<Record<string, string>>) => {
    source.set(revision, next);
    await engine.look(signal);
    await engine.settle(signal);
  };
  await publish('r1', files);
  return { ...volume, source, engine, publish };
}

/** What is in the target: path → content, links as `-> target`, empty directories as `path/`. */
export async function treeOf(root: string, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      const inner = await treeOf(root, path);
      Object.assign(found, Object.keys(inner).length === 0 ? { [`${path}/`]: '' } : inner);
    } else if (entry.isSymbolicLink()) found[path] = `-> ${await readlink(join(root, path))}`;
    else found[path] = await readFile(join(root, path), 'utf8');
  }
  return found;
}

/** What tells whether a file was touched. */
export async function markOf(path: string): Promise<string> {
  const { ino, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
  return `${ino} ${mtimeNs} ${ctimeNs}`;
}
