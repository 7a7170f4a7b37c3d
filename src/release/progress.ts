import { roundSize } from '../platform/units.ts';
import type { Observer } from './make-release.ts';

/** Repainting more often would only cost. Milliseconds. */
const pause = 100;
const width = 24;

/** One line on a terminal that shows how much has been uploaded; nothing elsewhere. */
export class ProgressBar implements Observer, Disposable {
  readonly #out: NodeJS.WriteStream;
  #objects = 0;
  #bytes = 0;
  #doneObjects = 0;
  #doneBytes = 0;
  #painted = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  onLeftOut(paths: readonly string[]): void {
    this.#out.write(
      `left out: ${paths.map((path) => JSON.stringify(path)).join(', ')}, which is Git’s own\n`,
    );
  }

  onUpload(objects: number, bytes: number): void {
    this.#objects = objects;
    this.#bytes = bytes;
  }

  onUploaded(bytes: number): void {
    this.#doneObjects += 1;
    this.#doneBytes += bytes;
    const now = performance.now();
    if (!this.#out.isTTY || (now - this.#painted < pause && this.#doneObjects < this.#objects)) return;
    this.#painted = now;
    const share = this.#bytes === 0 ? this.#doneObjects / this.#objects : this.#doneBytes / this.#bytes;
    const bar = '#'.repeat(Math.floor(share * width)).padEnd(width, '.');
    const text = `${this.#doneObjects}/${this.#objects} files, ${roundSize(this.#doneBytes)} of ${roundSize(this.#bytes)}`;
    this.#out.write(`\r\x1b[K[${bar}] ${text}`);
  }

  /** What is said next begins on a clean line. */
  [Symbol.dispose](): void {
    if (this.#painted > 0) this.#out.write('\r\x1b[K');
  }
}
