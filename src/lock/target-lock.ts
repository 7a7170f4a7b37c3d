import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { systemCode } from '../failure/failure.ts';
import { ensureDirectory } from '../platform/directory.ts';
import { oneLine } from '../platform/one-line.ts';
import { fillingMode } from '../publish/closed-directories.ts';
import { onTarget } from '../publish/target-errors.ts';
import { version } from '../version.ts';
import { describe, HeldError, type Holder, type Place, placeOfThis } from './holder.ts';
import { Lease, type LeaseSeen, readLease } from './lease.ts';
import { socketNameOf } from './socket.ts';
import { takeLateLease, takeLease } from './take-lease.ts';
import { takeSocket } from './take-socket.ts';
import { Waiting, type WaitingOptions } from './waiting.ts';

/** Both directories are absolute. */
export interface LockOptions extends WaitingOptions {
  readonly stateDir: string;
  /** For a target that is not there yet. */
  readonly dirMode: number;
  /** What the source is called; without credentials. */
  readonly source: string;
  /** Called when another was found to have taken the target: `ensure` is due. */
  readonly onLost?: () => void;
  /** Milliseconds in which a knock is heard. */
  readonly beat?: number;
  readonly place?: Place;
}

interface Held {
  readonly self: Holder;
  readonly name: string;
  readonly socket: AsyncDisposable | undefined;
  readonly lease: Lease | undefined;
  readonly timer: NodeJS.Timeout | undefined;
}

/** Sees to it that one Wherry at a time works on a target: a second waits for the first, or ends. */
export class TargetLock implements AsyncDisposable {
  readonly #options: LockOptions;
  readonly #place: Place;
  readonly #beat: number;
  readonly #waiting: Waiting;
  #held: Held | undefined;
  /** The `performance.now()` at which all was last seen as it was. */
  #seenAt = Number.NEGATIVE_INFINITY;
  readonly #warned = new Set<string>();

  constructor(options: LockOptions) {
    this.#options = options;
    this.#place = options.place ?? placeOfThis();
    this.#beat = options.beat ?? 10_000;
    this.#waiting = new Waiting(options);
  }

  /** Why this process does not work on the target now; undefined when it may. */
  get refusal(): HeldError | undefined {
    return this.#waiting.refusal;
  }

  /**
   * Resolves when the target is this process's, with whether it only became so. `onLost` is called before the wait for
   * one that had been. Throws `HeldError` when nobody is to wait. Asked before every poll, it looks no more often than
   * the beat does; what must not be done too late asks `isTaken`.
   */
  async ensure(signal: AbortSignal, onLost: () => Promise<void> = async () => undefined): Promise<boolean> {
    if (this.#options.policy === 'off') return false;
    if (this.#held !== undefined) {
      if (performance.now() - this.#seenAt < this.#beat) return false;
      const taker = await this.#taker(this.#held);
      if (taker === undefined) {
        this.#seenAt = performance.now();
        return false;
      }
      await this.#drop();
      if (taker !== 'moved') {
        this.#options.log.error(
          { holder: taker.holder },
          `the target was taken over by ${describe(taker.holder)}: this one stops publishing to it`,
        );
        await onLost();
      }
    }
    await this.#acquire(signal);
    return true;
  }

  /** Whether another has taken what this process holds: it may have stood still for long. */
  async isTaken(): Promise<boolean> {
    const taker = this.#held && (await this.#taker(this.#held));
    if (taker !== undefined) this.#seenAt = Number.NEGATIVE_INFINITY;
    return taker !== undefined && taker !== 'moved';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held?.lease?.release().catch(() => undefined);
    await this.#drop();
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    const { target, dirMode, source } = this.#options;
    await onTarget(ensureDirectory(target, fillingMode(dirMode)));
    const name = await nameOf(target);
    const id = randomBytes(8).toString('hex');
    const since = new Date().toISOString();
    const all = { ...this.#place, id, pid: process.pid, since, version, source };
    const socket = await this.#socket(name, { ...all, socket: name }, signal);
    const self = { ...all, socket: socket && name };
    try {
      this.#hold({ name, self, socket }, await this.#lease(self, signal));
    } catch (error) {
      await socket?.[Symbol.asyncDispose]();
      throw error;
    }
    this.#waiting.isOver();
  }

  #hold(held: Omit<Held, 'lease' | 'timer'>, lease: Lease | undefined): void {
    const timer = lease && setInterval(() => void this.#onBeat(lease), this.#beat).unref();
    this.#held = { ...held, lease, timer };
    this.#seenAt = performance.now();
  }

  /** Undefined where there are no such sockets. */
  async #socket(name: string, self: Holder, signal: AbortSignal): Promise<AsyncDisposable | undefined> {
    if (process.platform !== 'linux') {
      return this.#warn('this system has no sockets that would tell of another Wherry in the same pod');
    }
    try {
      return await takeSocket(name, self, this.#waiting, signal);
    } catch (error) {
      if (error instanceof HeldError || signal.aborted) throw error;
      return this.#warn(`another Wherry in the same pod would not be noticed: ${messageOf(error)}`);
    }
  }

  /** Undefined where it cannot be written. */
  async #lease(self: Holder, signal: AbortSignal): Promise<Lease | undefined> {
    try {
      return await takeLease(this.#leaseOptions(self), signal);
    } catch (error) {
      if (error instanceof HeldError || signal.aborted) throw error;
      // Who publishes hears of it all the same, and with the cure.
      if (isUnwritable.has(systemCode(error) ?? '')) return undefined;
      return this.#warn(`another Wherry in another pod would not be noticed: ${messageOf(error)}`);
    }
  }

  #leaseOptions(self: Holder) {
    const { stateDir, log } = this.#options;
    return { stateDir, self, beat: this.#beat, waiting: this.#waiting, log };
  }

  /** Who has the target now, or whether it is another directory by now; undefined while all is as it was. */
  async #taker(held: Held): Promise<LeaseSeen | 'moved' | undefined> {
    const { target, stateDir } = this.#options;
    const { name, self, lease } = held;
    try {
      if ((await nameOf(target)) !== name) return 'moved';
      if (lease === undefined) {
        const late = await takeLateLease(this.#leaseOptions(self));
        if (!(late instanceof Lease)) return late;
        this.#hold(held, late);
        return undefined;
      }
      const found = await lease.look();
      if (found === 'ours') return undefined;
      if (found !== 'gone') return found;
      // Whoever wiped the volume did not mean the lease.
      await ensureDirectory(stateDir, 0o700);
      return (await lease.put(undefined)) ? undefined : await readLease(stateDir);
    } catch {
      // What is wrong with the volume is not the lock's to say.
      return undefined;
    }
  }

  async #onBeat(lease: Lease): Promise<void> {
    try {
      await lease.answer();
      const found = await lease.look();
      this.#seenAt = found === 'ours' ? performance.now() : Number.NEGATIVE_INFINITY;
      if (typeof found === 'object') this.#options.onLost?.();
    } catch {
      // A volume that fails is reported by those who work on it.
    }
  }

  async #drop(): Promise<void> {
    clearInterval(this.#held?.timer);
    await this.#held?.socket?.[Symbol.asyncDispose]();
    this.#held = undefined;
  }

  #warn(problem: string): undefined {
    if (this.#warned.has(problem)) return;
    this.#warned.add(problem);
    const { target, log } = this.#options;
    log.warn({ target }, `WHERRY_LOCK: ${problem}; see to it that there is no other`);
  }
}

/** A volume with one of these takes no new set either. */
const isUnwritable = new Set(['EACCES', 'EDQUOT', 'EEXIST', 'ENOSPC', 'EPERM', 'EROFS']);

function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}

async function nameOf(target: string): Promise<string> {
  return socketNameOf(await onTarget(stat(target, { bigint: true })));
}
