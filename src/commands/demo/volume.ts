import { type FSWatcher, readFileSync, readlinkSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../publish/manifest.ts';
import { manifestName } from '../../snapshot/path-rules.ts';

/** A set, as someone who looks into the shared volume finds it. */
export interface SeenSet {
  /** The `performance.now()` at which it was seen. */
  readonly at: number;
  readonly revision: string;
  readonly sequence: number;
  /** The files that differ from the set before. */
  readonly changed: readonly string[];
}

/** Looks into the shared volume from outside, and reports each set that appears there. */
export class Volume implements Disposable {
  readonly #path: string;
  readonly #onSet: (set: SeenSet) => void;
  readonly #watcher: FSWatcher;
  #generation: string | undefined;
  #digests = new Map<string, string>();

  constructor(path: string, onSet: (set: SeenSet) => void) {
    this.#path = path;
    this.#onSet = onSet;
    this.#watcher = watch(path, () => this.look());
    // Without a watch the looks of those who ask remain.
    this.#watcher.on('error', () => this.#watcher.close());
  }

  /** Synchronous, so that a set is read before its successor can come. */
  look(): void {
    try {
      const generation = readlinkSync(join(this.#path, '..data'));
      if (generation === this.#generation) return;
      const at = performance.now();
      const text = readFileSync(join(this.#path, generation, manifestName), 'utf8');
      this.#generation = generation;
      this.#report(JSON.parse(text) as Manifest, at);
    } catch {
      // Nothing is published yet, or it is just being replaced: the next look sees it.
    }
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }

  #report({ revision, sequence, files }: Manifest, at: number): void {
    const digests = new Map<string, string>(
      files.map((file) => [file.path, 'link' in file ? file.link : file.sha256]),
    );
    const paths = new Set([...this.#digests.keys(), ...digests.keys()]);
    const changed = [...paths].filter((path) => this.#digests.get(path) !== digests.get(path));
    this.#digests = digests;
    this.#onSet({ at, revision, sequence, changed });
  }
}
