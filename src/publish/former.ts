import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../failure/failure.ts';
import { removeTree } from './closed-directories.ts';
import { isOwnDirectory } from './own-directory.ts';
import { ownLinks } from './own-links.ts';
import { dataShape, linkShape, type Shape } from './shape.ts';
import { onTarget } from './target-errors.ts';

/**
 * Removes the names by which readers find what another mode, or a link of another name, published. Their generations
 * are collected like all others. `present` is undefined where no link leads to the set, and `visible` are the names that
 * are links of its own. True when there was something.
 */
export async function clearFormer(
  target: string,
  present: Shape | undefined,
  visible: Iterable<string>,
): Promise<boolean> {
  const names = await ownLinks(target, new Set(present === undefined ? visible : [present.link, ...visible]));
  for (const name of names) await onTarget(removeLink(join(target, name)));
  for (const { place, temporary } of [dataShape, linkShape('')]) {
    if (temporary === present?.temporary) continue;
    if (place === '' || isOwnDirectory(target, place)) await onTarget(removeTree(join(target, temporary)));
  }
  return names.length > 0;
}

async function removeLink(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
