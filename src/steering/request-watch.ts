import { existsSync, type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { systemCode } from '../failure/failure.ts';
import type { Log } from '../platform/log.ts';
import { requestsIn, requestsName } from './places.ts';

interface Watched {
  readonly path: string;
  readonly inode: number;
  readonly watcher: FSWatcher;
}

/**
 * Wakes the sidecar when a request appears, so that it need not wait for the next poll. Watches the directory of the
 * requests; while there is none, the state directory, where it will be made.
 */
export class RequestWatch implements AsyncDisposable {
  readonly #stateDir: string;
  readonly #requests: string;
  readonly #wake: () => void;
  readonly #log: Log;
  #watched: Watched | undefined;
  #isClosed = false;
  #hasWarned = false;

  constructor(stateDir: string, wake: () => void, log: Log) {
    this.#stateDir = stateDir;
    this.#requests = requestsIn(stateDir);
    this.#wake = wake;
    this.#log = log;
  }

  /** Watches from now on, whatever became of the directories since the last call. Never throws. */
  ensure(): void {
    if (this.#isClosed) return;
    try {
      if (this.#watched?.path === this.#requests && this.#isThere(this.#watched)) return;
      if (this.#watchPath(this.#requests)) {
        // What was left before the first event would otherwise wait for the poll.
        if (readdirSync(this.#requests).some(isRequest)) this.#wake();
      } else if (this.#watched === undefined || !this.#isThere(this.#watched)) {
        this.#watchPath(this.#stateDir);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#drop();
  }

  /** False when there is no such directory. */
  #watchPath(path: string): boolean {
    const inode = inodeOf(path);
    if (inode === undefined) return false;
    this.#drop();
    try {
      const watcher = watch(path, { persistent: false });
      this.#watched = { path, inode, watcher };
      watcher.on('change', (type, name) => this.#onEvent(path, type, String(name)));
      watcher.on('error', (error) => this.#fail(error));
      return true;
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return false;
      throw error;
    }
  }

  #onEvent(path: string, type: string, name: string): void {
    // A directory that is removed says so by its own name, and nothing more after that.
    const isOver = type === 'rename' && name === basename(path);
    if (isOver) this.#drop();
    if (path === this.#requests && isRequest(name) && existsSync(join(path, name))) this.#wake();
    if (isOver || name === requestsName) this.ensure();
  }

  /** The same directory, and not another of the same name. */
  #isThere({ path, inode }: Watched): boolean {
    return inodeOf(path) === inode;
  }

  #drop(): void {
    this.#watched?.watcher.close();
    this.#watched = undefined;
  }

  #fail(error: unknown): void {
    this.#drop();
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#log.warn({ err: error }, 'requests cannot be watched for; they are seen at the next look');
  }
}

function isRequest(name: string): boolean {
  return name.endsWith('.json');
}

function inodeOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true ? found.ino : undefined;
}
