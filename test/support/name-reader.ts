import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface Readings {
  /** Looks at one path. */
  readonly reads: number;
  /** Looks that found a file under none of its names. */
  readonly missingFiles: number;
  /** The same for paths in a directory at the top level. */
  readonly missingInDirectories: number;
}

/** In plain JavaScript, for a thread of its own, which has nothing else to do. */
const program = `
const { readFileSync } = require('node:fs');
const { workerData: { roots, paths, counts, content } } = require('node:worker_threads');
const [before, after] = roots;
const has = (root, path) => {
  try {
    return readFileSync(root + '/' + path, 'utf8') === content;
  } catch {
    return false;
  }
};
while (Atomics.load(counts, 3) === 0) {
  for (const path of paths) {
    Atomics.add(counts, 0, 1);
    // What goes under its old name is there under its new one.
    if (has(before, path) || (after !== before && has(after, path))) continue;
    Atomics.add(counts, path.includes('/') ? 2 : 1, 1);
  }
}
`;

/** Reads files at full speed under the names that they have before and after a change of names. */
export class NameReader {
  readonly #counts = new Int32Array(new SharedArrayBuffer(16));
  readonly #worker: Worker;

  constructor(roots: readonly [before: string, after: string], paths: readonly string[], content: string) {
    const workerData = { roots, paths, content, counts: this.#counts };
    this.#worker = new Worker(program, { eval: true, workerData });
  }

  get reads(): number {
    return Atomics.load(this.#counts, 0);
  }

  async stop(): Promise<Readings> {
    const ended = once(this.#worker, 'exit');
    Atomics.store(this.#counts, 3, 1);
    await ended;
    const [reads = 0, missingFiles = 0, missingInDirectories = 0] = this.#counts;
    return { reads, missingFiles, missingInDirectories };
  }
}
