import type { Stats } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { filesIn, type VolumeFiles } from '../../platform/volume-files.ts';
import { gone, noDirectory, unreadable } from './failures.ts';

/** Where the files of a directory really lie. */
export interface Place {
  readonly root: string;
  /** Replaced as a whole by one rename, as ConfigMap, Secret, projected and CSI volumes are: no half of it is ever seen. */
  readonly isAtomic: boolean;
  /** Another one when another directory took the place of the one that was there. */
  readonly identity: string;
}

/** The link by which the kubelet's volumes, and Wherry's own targets, are swapped. */
const dataLink = '..data';

/**
 * A volume whose visible names are links through `..data` is read below what that leads to now; its other names are
 * the kubelet's own. Throws `MissingError` where there is no directory.
 */
export async function placeOf(path: string): Promise<Place> {
  const files = await filesIn(path);
  const { dev, ino } = await directoryAt(path, files);
  const link = join(path, dataLink);
  const isAtomic = await isLink(link, files);
  const identity = `${dev}:${ino}:${isAtomic}`;
  if (!isAtomic) return { root: path, isAtomic, identity };
  try {
    return { root: await realpath(link), isAtomic, identity };
  } catch (error) {
    // The generation that it led to was removed just now: it leads to the next one.
    throw systemCode(error) === 'ENOENT' ? gone(link) : unreadable(link, error);
  }
}

async function directoryAt(path: string, files: VolumeFiles): Promise<Stats> {
  let stats: Stats | undefined;
  try {
    stats = await files.stat(path);
  } catch (error) {
    throw systemCode(error) === 'ELOOP' ? noDirectory(path, 'is not there') : unreadable(path, error);
  }
  if (stats === undefined) throw noDirectory(path, 'is not there');
  if (!stats.isDirectory()) throw noDirectory(path, 'is no directory');
  return stats;
}

async function isLink(path: string, files: VolumeFiles): Promise<boolean> {
  try {
    return (await files.lstat(path))?.isSymbolicLink() === true;
  } catch (error) {
    throw unreadable(path, error);
  }
}
