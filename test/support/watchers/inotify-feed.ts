import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Whether Debian's inotify-tools are here. */
export const hasInotifywait = existsSync('/usr/bin/inotifywait');

export interface InotifyEvent {
  /** The path that is watched. */
  readonly watched: string;
  /** The name in it; empty for an event of the watched path itself. */
  readonly name: string;
  /** `MOVED_TO`, `CREATE`… */
  readonly kind: string;
}

/** Those that Go's fsnotify asks the kernel for, which is what nearly everything but Node uses. */
const events = [
  'create',
  'moved_to',
  'moved_from',
  'modify',
  'attrib',
  'delete',
  'delete_self',
  'move_self',
].join(',');

/** The kernel's own events for some paths, through `inotifywait`. Links are followed, as fsnotify does. */
export class InotifyFeed implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #listeners = new Map<string, ((event: InotifyEvent) => void)[]>();

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when the watches are there. Paths that do not exist are left out. */
  static async start(paths: readonly string[]): Promise<InotifyFeed> {
    const there = [...new Set(paths)].filter((path) => existsSync(path));
    const child = spawn('inotifywait', ['--monitor', '--event', events, '--format', '%w|%f|%e', ...there], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const feed = new InotifyFeed(child);
    for (const path of there) feed.#listeners.set(path, []);
    createInterface(child.stdout).on('line', (line) => feed.#take(line));
    for await (const line of createInterface(child.stderr)) {
      if (line.startsWith('Watches established')) {
        child.stderr.resume();
        return feed;
      }
    }
    throw new Error(`inotifywait did not start on ${there.join(', ')}`);
  }

  /** Undefined when the path was not there at the start. */
  on(path: string, listener: (event: InotifyEvent) => void): AsyncDisposable | undefined {
    const listeners = this.#listeners.get(path);
    if (listeners === undefined) return undefined;
    listeners.push(listener);
    const stop = async () => void listeners.splice(listeners.indexOf(listener), 1);
    return { [Symbol.asyncDispose]: stop };
  }

  #take(line: string): void {
    const [path = '', name = '', kinds = ''] = line.split('|');
    const watched = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
    const [kind = ''] = kinds.split(',').filter((word) => word !== 'ISDIR');
    for (const listener of this.#listeners.get(watched) ?? []) listener({ watched, name, kind });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
