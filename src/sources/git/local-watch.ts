import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { FSWatcher } from 'chokidar';
import type { Log } from '../../platform/log.ts';
import { findGitDirectories } from './local-repository.ts';

/** Watches where a repository on this machine keeps the refs that matter, and calls back when they may have moved. */
export class LocalWatch implements AsyncDisposable {
  readonly #path: string;
  readonly #folders: readonly string[];
  readonly #onChange: () => void;
  readonly #log: Log;
  #watcher: FSWatcher | undefined;
  #watched: string | undefined;

  /** `candidates` are full names of refs. */
  constructor(path: string, candidates: readonly string[], onChange: () => void, log: Log) {
    this.#path = path;
    this.#folders = candidates.map(folderOf);
    this.#onChange = onChange;
    this.#log = log;
  }

  /** Begins, once there is a repository, and begins anew when another one took its place. */
  async ensure(): Promise<void> {
    const { gitDir, commonDir } = await findGitDirectories(this.#path);
    const { ino, dev } = await stat(commonDir);
    const identity = `${gitDir}\n${commonDir}\n${dev}:${ino}`;
    if (identity === this.#watched) return;
    await this[Symbol.asyncDispose]();
    const { watch } = await import('chokidar');
    const roots = [...new Set([gitDir, commonDir])];
    const watcher = watch(roots, {
      ignoreInitial: true,
      atomic: false,
      usePolling: false,
      ignored: (path) => !roots.some((root) => this.#matters(relative(root, path))),
    });
    watcher.on('all', this.#onChange);
    watcher.on('error', (error) => {
      this.#log.warn({ err: error }, 'the repository cannot be watched well; it is polled too');
    });
    this.#watcher = watcher;
    this.#watched = identity;
    await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    this.#watched = undefined;
    await watcher?.close();
  }

  /** The way to the refs that are asked for, and all below; git's own lock files come and go before the change. */
  #matters(path: string): boolean {
    if (path.startsWith('..') || path.endsWith('.lock')) return false;
    if (['', 'HEAD', 'packed-refs', 'refs', 'reftable'].includes(path)) return true;
    if (path.startsWith('reftable/')) return true;
    return this.#folders.some(
      (folder) => `${folder}/`.startsWith(`${path}/`) || path.startsWith(`${folder}/`),
    );
  }
}

/** `refs/heads/a/b` lies in `refs/heads/a`; HEAD leads to some branch. */
function folderOf(ref: string): string {
  return ref === 'HEAD' ? join('refs', 'heads') : ref.slice(0, ref.lastIndexOf('/'));
}
