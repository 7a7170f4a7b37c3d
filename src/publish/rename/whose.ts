import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { writeAtomically } from '../../platform/atomic-write.ts';

/*
 * A state directory outside of the target can be left to another target, by a change of settings or by mistake. The files
 * that a workshop in it calls ours are those of its own target, and in another one they may be anybody's.
 */

/** No path of a set can have its name. */
export const targetRecord = '..target';

interface Whose {
  readonly path: string;
  /** Decimal; a volume may be mounted elsewhere next time. */
  readonly inode: string | undefined;
}

/** Whether what a workshop says is about this target. */
export async function isOfTarget(workshop: string, target: string): Promise<boolean> {
  if (workshop.startsWith(`${target}/`)) return true;
  const known = await readWhose(workshop);
  if (known === undefined || known.path === target) return true;
  return known.inode !== undefined && known.inode === (await inodeOf(target));
}

/** Says in a workshop which target it is about. */
export async function claim(workshop: string, target: string): Promise<void> {
  if (workshop.startsWith(`${target}/`)) return;
  const whose: Whose = { path: target, inode: await inodeOf(target) };
  const known = await readWhose(workshop);
  if (known?.path === whose.path && known.inode === whose.inode) return;
  await writeAtomically(join(workshop, targetRecord), `${JSON.stringify(whose)}\n`, 0o600);
}

async function readWhose(workshop: string): Promise<Whose | undefined> {
  try {
    return JSON.parse(await readFile(join(workshop, targetRecord), 'utf8')) as Whose;
  } catch (error) {
    const isNone = ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '') || error instanceof SyntaxError;
    if (isNone) return undefined;
    throw error;
  }
}

async function inodeOf(path: string): Promise<string | undefined> {
  try {
    return String((await stat(path, { bigint: true })).ino);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
