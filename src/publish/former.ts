import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../failure/failure.ts';
import { removeTree } from './closed-directories.ts';
import { isOwnDirectory } from './own-directory.ts';
import { ownLinks, visibleText } from './own-links.ts';
import { dataShape, linkShape, type Shape } from './shape.ts';
import { onTarget } from './target-errors.ts';

/**
 * Removes the names by which readers find what another mode, or a link of another name, published. Their generations
 * are collected like all others. `present` is undefined where no link leads to the set. True when there was something.
 */
export async function clearFormer(target: string, present: Shape | undefined): Promise<boolean> {
  const keeps = (name: string, text: string) =>
    name === present?.link || (present?.hasNames === true && text === visibleText(name));
  const names = await ownLinks(target, keeps);
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
