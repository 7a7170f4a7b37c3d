import { lstatSync, renameSync } from 'node:fs';
import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from './closed-directories.ts';
import { generationName } from './generation.ts';
import { onTarget } from './target-errors.ts';

export interface Placing {
  readonly target: string;
  /** Relative to the target, both. */
  readonly link: string;
  readonly temporary: string;
  readonly text: string;
}

/**
 * Makes a link take a name, by one rename over a file or link that has it. A directory gives way by another rename just
 * before: Node has no call that exchanges two names. Whether what has the name may go is for the caller to know.
 */
export async function placeLink({ target, link, temporary, text }: Placing): Promise<void> {
  const path = join(target, link);
  const next = join(target, temporary);
  await onTarget(removeTree(next));
  await onTarget(symlink(text, next));
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return onTarget(rename(next, path));
  // What has the name of a generation and is none is removed at the next start, should this process end here.
  const aside = join(target, generationName(new Date()));
  await onTarget(exchange(path, aside, next));
  await onTarget(removeTree(aside));
}

async function exchange(path: string, aside: string, next: string): Promise<void> {
  renameSync(path, aside);
  renameSync(next, path);
}
