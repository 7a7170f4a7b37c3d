import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';

/** More than these are not watched: each costs a kilobyte here and another in the kernel. */
const mostDirectories = 1000;

export interface WatchEvents {
  /** Something happened to this path of the set; null = somewhere, nobody knows where. */
  onPath(path: string | null): void;
  /** Something happened to this name in the target itself. */
  onName(name: string): void;
}

export interface WatchPlan {
  readonly target: string;
  /** Where the paths of the set begin; may be the target. */
  readonly root: string;
  /** Of the set, the root among them as the empty path. */
  readonly directories: ReadonlySet<string>;
}

/**
 * Watches the directories of the published set, one watcher each: changes of their files are events of the directory. Readers
 * cause none. Whatever cannot be watched is left to the slow check, and said once.
 */
export class DriftWatch {
  readonly #events: WatchEvents;
  readonly #log: Log;
  readonly #watchers = new Map<string, FSWatcher>();
  #target: { readonly path: string; readonly inode: number; readonly watcher: FSWatcher } | undefined;
  #plan: WatchPlan | undefined;
  #saidTooMany = false;
  #saidWhy = false;

  constructor(events: WatchEvents, log: Log) {
    this.#events = events;
    this.#log = log;
  }

  /** From now on this is watched, and nothing else. */
  follow(plan: WatchPlan): void {
    this.#closeSet();
    this.#plan = plan;
    this.followTarget(plan.target);
    const { size } = plan.directories;
    if (size > mostDirectories) {
      if (!this.#saidTooMany) {
        const fields = { directories: size, most: mostDirectories };
        this.#log.info(
          fields,
          'too many directories to watch: what drifts in them is found by the slow check',
        );
      }
      this.#saidTooMany = true;
      return;
    }
    for (const directory of plan.directories) if (!this.#watchOne(directory)) return;
  }

  /** Watches the target itself. Does nothing when it does already, and it is the same directory. */
  followTarget(path: string): void {
    const inode = inodeOf(path);
    if (this.#target?.path === path && this.#target.inode === inode) return;
    this.#target?.watcher.close();
    this.#target = undefined;
    if (inode === undefined) return;
    const watcher = this.#open(path, (name) => this.#events.onName(name ?? basename(path)));
    if (watcher !== undefined) this.#target = { path, inode, watcher };
  }

  /** Directories at and below this path may be others now. */
  renew(path: string): void {
    const plan = this.#plan;
    if (plan === undefined || plan.directories.size > mostDirectories) return;
    for (const directory of plan.directories) {
      if (path !== '' && directory !== path && !directory.startsWith(`${path}/`)) continue;
      this.#watchers.get(directory)?.close();
      this.#watchers.delete(directory);
      if (!this.#watchOne(directory)) return;
    }
  }

  close(): void {
    this.#closeSet();
    this.#target?.watcher.close();
    this.#target = undefined;
  }

  /** False when no more can be watched. */
  #watchOne(directory: string): boolean {
    const plan = this.#plan;
    if (plan === undefined) return false;
    const watcher = this.#open(join(plan.root, directory), (name) => {
      if (name === null) this.#events.onPath(null);
      else this.#events.onPath(directory === '' ? name : `${directory}/${name}`);
    });
    if (watcher === undefined) return !this.#saidWhy;
    this.#watchers.set(directory, watcher);
    return true;
  }

  #open(path: string, onEvent: (name: string | null) => void): FSWatcher | undefined {
    try {
      const watcher = watch(path, { persistent: false });
      watcher.on('change', (_, name) => onEvent(name === null ? null : String(name)));
      // It cannot be told what was lost with it.
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch (error) {
      // What is missing is found by the check.
      if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(error) ?? '')) this.#sayWhy(error);
      return undefined;
    }
  }

  #sayWhy(error: unknown): void {
    if (this.#saidWhy) return;
    this.#saidWhy = true;
    const code = systemCode(error) ?? String(error);
    this.#log.warn(
      { code, cure: 'raise fs.inotify.max_user_watches and fs.inotify.max_user_instances on the node' },
      'the published files cannot be watched: what drifts is found by the slow check',
    );
  }

  #closeSet(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    this.#plan = undefined;
  }
}

/** What is wrong with the volume is told by those who work on it; the next time it is watched again. */
function inodeOf(path: string): number | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.ino;
  } catch {
    return undefined;
  }
}
