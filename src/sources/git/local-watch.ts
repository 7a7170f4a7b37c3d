import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Log } from '../../platform/log.ts';
import { RenewedWatch } from '../renewed-watch.ts';
import { findGitDirectories } from './local-repository.ts';

/** Watches where a repository on this machine keeps the refs that matter, and calls back when they may have moved. */
export class LocalWatch implements AsyncDisposable {
  readonly #path: string;
  readonly #folders: readonly string[];
  readonly #watch: RenewedWatch;

  /** `candidates` are full names of refs. */
  constructor(path: string, candidates: readonly string[], onChange: () => void, log: Log) {
    this.#path = path;
    this.#folders = candidates.map(folderOf);
    this.#watch = new RenewedWatch('the repository', onChange, log);
  }

  /** Begins, once there is a repository, and begins anew when another one took its place. */
  async ensure(): Promise<void> {
    const { gitDir, commonDir } = await findGitDirectories(this.#path);
    const { ino, dev } = await stat(commonDir);
    const roots = [...new Set([gitDir, commonDir])];
    await this.#watch.ensure({
      identity: `${gitDir}\n${commonDir}\n${dev}:${ino}`,
      paths: roots,
      options: {
        usePolling: false,
        ignored: (path) => !roots.some((root) => this.#matters(relative(root, path))),
      },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#watch[Symbol.asyncDispose]();
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
