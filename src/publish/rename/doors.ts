import { systemCode } from '../../failure/failure.ts';
import { closeDirectory, fillingMode, openDirectory } from '../closed-directories.ts';

/** Directories that were opened for their owner's changes, and are closed together when all is done. */
export class Doors {
  readonly #areShut: boolean;
  readonly #opened = new Set<string>();

  /** The modes that directories have, and had before. */
  constructor(modes: readonly number[]) {
    this.#areShut = modes.some((mode) => fillingMode(mode) !== mode);
  }

  /** Does nothing where every directory is open anyway. */
  async open(path: string): Promise<void> {
    if (!this.#areShut || this.#opened.has(path)) return;
    this.#opened.add(path);
    await unlessGone(openDirectory(path));
  }

  /** It is the set's no more, and stays: whoever has something in it can write there. */
  leaveOpen(path: string): void {
    this.#opened.delete(path);
  }

  async close(dirMode: number): Promise<void> {
    for (const path of this.#opened) await unlessGone(closeDirectory(path, dirMode));
  }
}

async function unlessGone(act: Promise<void>): Promise<void> {
  try {
    await act;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '')) throw error;
  }
}
