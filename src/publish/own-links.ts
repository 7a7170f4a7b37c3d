import { readlinkSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../failure/failure.ts';
import { inSlices } from '../platform/slices.ts';
import { generationsDirectory, manifestName } from '../snapshot/path-rules.ts';
import { isGenerationName } from './generation.ts';
import { dataLink, generationOfText } from './shape.ts';
import { onTarget } from './target-errors.ts';

/** The text of a link; undefined for what is absent or no link. Throws the system's own error. */
export function linkText(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (['ENOENT', 'EINVAL', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}

/** The same, with a failure that names the cure. */
export async function readLink(path: string): Promise<string | undefined> {
  try {
    return linkText(path);
  } catch (error) {
    return onTarget(Promise.reject(error));
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
    return onTarget(Promise.reject(error));
  }
}

/** The text of the visible link of this name, as the symlink mode writes it. */
export function visibleText(name: string): string {
  return `${dataLink}/${name}`;
}

/** The generation to which a link of the link mode leads, under whatever name. */
function generationBehind(text: string): string | undefined {
  return generationOfText({ place: generationsDirectory }, text);
}

/** A link in the target is ours when its text is exactly what one of the modes writes. */
export function isOwnLink(name: string, text: string): boolean {
  if (name === dataLink) return isGenerationName(text);
  return text === visibleText(name) || generationBehind(text) !== undefined;
}

/** The generations that some name in the target leads to: readers may enter them at any time. */
export async function linkedGenerations(target: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const { name, text } of await linksIn(target, new Set())) {
    const generation = name === dataLink ? text : generationBehind(text);
    if (generation !== undefined) found.add(generation);
  }
  return found;
}

/** The links that the modes made, but for those that are kept: the visible ones first, `..data` last. */
export async function ownLinks(
  target: string,
  kept: ReadonlySet<string> = new Set(),
): Promise<readonly string[]> {
  const own = (await linksIn(target, kept)).filter(({ name, text }) => isOwnLink(name, text));
  const isForeign = own.some(({ text }) => text.startsWith('..')) && (await isForeignVolume(target));
  return own
    .filter(({ text }) => !(isForeign && text.startsWith('..')))
    .map(({ name }) => name)
    .toSorted((a, b) => Number(a === dataLink) - Number(b === dataLink));
}

/** The kubelet's own volumes look the same; only the manifest tells. */
export async function isForeignVolume(target: string): Promise<boolean> {
  const name = await readLink(join(target, dataLink));
  if (name === undefined || !(await exists(join(target, name)))) return false;
  return !(await exists(join(target, name, manifestName)));
}

interface Link {
  readonly name: string;
  readonly text: string;
}

async function linksIn(target: string, ignored: ReadonlySet<string>): Promise<readonly Link[]> {
  const found: Link[] = [];
  const links = (await onTarget(readdir(target, { withFileTypes: true }))).filter(
    (entry) => entry.isSymbolicLink() && !ignored.has(entry.name),
  );
  const read = inSlices(links, ({ name }) => {
    const text = linkText(join(target, name));
    if (text !== undefined) found.push({ name, text });
  });
  await onTarget(read);
  return found;
}
