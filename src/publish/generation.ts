import { randomInt } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { generationsDirectory } from '../snapshot/path-rules.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { isOwnDirectory } from './own-directory.ts';

/** One published set, and its manifest. */
export interface Generation {
  /** `..2026_11_22_23_59_59.123456789`, or the same without the dots */
  readonly name: string;
  /** Holds the manifest; in most modes the files too. */
  readonly directory: string;
  /** Its files are below this, while it is the current one: what a reader reads. */
  readonly root: string;
  readonly manifest: Manifest;
}

const hidden = /^\.\.\d{4}(_\d\d){5}\.\d{9}$/;
const plain = /^\d{4}(_\d\d){5}\.\d{9}$/;

/** The kubelet's form, so that every program that knows ConfigMap volumes skips it. Always UTC. */
export function generationName(now: Date): string {
  return `..${plainGenerationName(now)}`;
}

/** What lies in a directory of its own need not be skipped by anybody. */
export function plainGenerationName(now: Date): string {
  const time = now.toISOString().slice(0, 19).replace(/[-T:]/g, '_');
  return `${time}.${String(randomInt(1_000_000_000)).padStart(9, '0')}`;
}

/** Whether it is the name of a generation that lies in the target itself. */
export function isGenerationName(name: string): boolean {
  return hidden.test(name);
}

/** Where a generation of this name lies, relative to the target; undefined for what is no such name. */
export function placeOfGeneration(name: string): string | undefined {
  if (hidden.test(name)) return name;
  return plain.test(name) ? `${generationsDirectory}/${name}` : undefined;
}

/** Reads one of the target's generations; undefined when it is gone or was never finished. */
export async function readGeneration(target: string, name: string): Promise<Generation | undefined> {
  const place = placeOfGeneration(name);
  if (place === undefined) return undefined;
  if (!isOwnDirectory(target, place)) return undefined;
  const directory = join(target, place);
  const manifest = await readManifest(directory);
  return manifest === undefined ? undefined : { name, directory, root: directory, manifest };
}

/** The names of all that lie in the target, in either place, finished or not. */
export async function generationsIn(target: string): Promise<readonly string[]> {
  const names = await directoriesIn(target);
  const inside = isOwnDirectory(target, generationsDirectory)
    ? await directoriesIn(join(target, generationsDirectory))
    : [];
  return [...names.filter((name) => hidden.test(name)), ...inside.filter((name) => plain.test(name))];
}

async function directoriesIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
