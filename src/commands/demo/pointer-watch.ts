import { parsePointer, releaseRevision } from '../../sources/s3/pointer/pointer.ts';
import type { Written } from './s3-server.ts';
import type { Move } from './witness.ts';

export interface PointerWatchOptions {
  readonly pointer: string;
  /** Below it lie the contents. */
  readonly blobs: string;
  readonly onMove: (move: Move) => void;
  /** Told why what was written is no release. */
  readonly onOther: (reason: string) => void;
}

/** Follows what is written into the bucket, as the store itself sees it. */
export class PointerWatch {
  readonly #options: PointerWatchOptions;
  #uploads = 0;
  #last: Move | undefined;

  constructor(options: PointerWatchOptions) {
    this.#options = options;
  }

  /** The last move of the pointer. */
  get last(): Move | undefined {
    return this.#last;
  }

  /** Contents that were uploaded since then. */
  get uploads(): number {
    return this.#uploads;
  }

  written({ at, key, bytes }: Written): void {
    const { pointer, blobs, onMove, onOther } = this.#options;
    if (key.startsWith(blobs)) this.#uploads += 1;
    if (key !== pointer) return;
    try {
      const said = parsePointer(bytes, { setting: 'release', display: pointer }, pointer);
      if (said.kind === 'release') {
        const revision = releaseRevision(said.release, bytes);
        this.#last = { revision, at, pointer, uploads: this.#uploads };
        onMove(this.#last);
      } else {
        onOther(`${pointer} is no release of \`wherry release\``);
      }
    } catch (error) {
      onOther(error instanceof Error ? error.message : String(error));
    } finally {
      this.#uploads = 0;
    }
  }
}
