import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { type Manifest, readManifest } from './manifest.ts';

/** One published set, and its manifest. */
export interface Generation {
  /** `..2026_11_22_23_59_59.123456789` */
  readonly name: string;
  /** Holds the manifest; in most modes the files too. */
  readonly directory: string;
  /** Its files are below this, while it is the current one: what a reader reads. */
  readonly root: string;
  readonly manifest: Manifest;
}

const pattern = /^\.\.\d{4}(_\d\d){5}\.\d{9}$/;

/** The kubelet's form, so that every program that knows ConfigMap volumes skips it. Always UTC. */
export function generationName(now: Date): string {
  const time = now.toISOString().slice(0, 19).replace(/[-T:]/g, '_');
  return `..${time}.${String(randomInt(1_000_000_000)).padStart(9, '0')}`;
}

export function isGenerationName(name: string): boolean {
  return pattern.test(name);
}

/** Reads one of the target's generations; undefined when it is gone or was never finished. */
export async function readGeneration(target: string, name: string): Promise<Generation | undefined> {
  if (!isGenerationName(name)) return undefined;
  const directory = join(target, name);
  const manifest = await readManifest(directory);
  return manifest === undefined ? undefined : { name, directory, root: directory, manifest };
}
