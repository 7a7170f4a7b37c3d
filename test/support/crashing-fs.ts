import type * as Fs from 'node:fs';
import type * as FsPromises from 'node:fs/promises';

/** What every file-system call throws from the chosen one on: the process is dead, nothing cleans up. */
export class Crash extends Error {}

const mutating = new Set([
  'mkdir',
  'open',
  'rename',
  'rm',
  'rmdir',
  'symlink',
  'unlink',
  'utimes',
  'lutimes',
  'writeFile',
  'copyFile',
]);

/** Counts the calls that change the file system, and fails all of them for good from the n-th on, or only that one. */
export class CrashPlan {
  remaining = Number.POSITIVE_INFINITY;
  isPassing = false;
  readonly #running = new Set<Promise<unknown>>();

  step(): void {
    if (this.remaining > 0) this.remaining -= 1;
    else {
      if (this.isPassing) this.remaining = Number.POSITIVE_INFINITY;
      throw new Crash();
    }
  }

  /** A call that the system has begun is not ended by a crash of this sort. */
  track<T>(call: Promise<T>): Promise<T> {
    this.#running.add(call);
    const end = () => this.#running.delete(call);
    call.then(end, end);
    return call;
  }

  /** What a dead process had begun is over, as it is before another one starts. */
  async settled(): Promise<void> {
    // What follows on a call that has just ended dies at its next one.
    for (let turns = 0; turns < 3; turns += 1) {
      while (this.#running.size > 0) await Promise.allSettled(this.#running);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

const mutatingSync = new Set([
  'openSync',
  'writeSync',
  'copyFileSync',
  'lutimesSync',
  'symlinkSync',
  'writeFileSync',
  'rmSync',
  'renameSync',
  'unlinkSync',
  'mkdirSync',
  'rmdirSync',
]);

/** `node:fs` as the plan lets it work. */
export function crashingSync(real: typeof Fs, plan: CrashPlan): typeof Fs {
  const entries = Object.entries(real).map(([name, value]) => {
    if (!mutatingSync.has(name) || typeof value !== 'function') return [name, value];
    const call = value as (...args: unknown[]) => unknown;
    return [
      name,
      (...args: unknown[]) => {
        plan.step();
        return call(...args);
      },
    ];
  });
  return Object.fromEntries(entries) as typeof Fs;
}

/** `node:fs/promises` as the plan lets it work. */
export function crashing(real: typeof FsPromises, plan: CrashPlan): typeof FsPromises {
  const entries = Object.entries(real).map(([name, value]) => {
    if (!mutating.has(name) || typeof value !== 'function') return [name, value];
    const call = value as (...args: unknown[]) => Promise<unknown>;
    return [
      name,
      async (...args: unknown[]) => {
        plan.step();
        const result = await plan.track(call(...args));
        return name === 'open' ? crashingHandle(result as FsPromises.FileHandle, plan) : result;
      },
    ];
  });
  return Object.fromEntries(entries) as typeof FsPromises;
}

/** Writing to an open file is a step of its own, so that a crash leaves it empty or short; closing always works. */
function crashingHandle(handle: FsPromises.FileHandle, plan: CrashPlan): FsPromises.FileHandle {
  return new Proxy(handle, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (property === 'write' || property === 'writeFile') plan.step();
        const result: unknown = Reflect.apply(value, target, args);
        return result instanceof Promise ? plan.track(result) : result;
      };
    },
  });
}
