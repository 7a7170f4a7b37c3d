import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { ensureDirectory } from '../platform/directory.ts';
import type { Log } from '../platform/log.ts';
import { pause } from '../platform/pause.ts';
import { fillingMode } from '../publish/closed-directories.ts';
import { onTarget } from '../publish/target-errors.ts';
import { version } from '../version.ts';
import { describe, HeldError, type Holder, type Place, placeOfThis } from './holder.ts';
import { isOnOneMachine, Lease, type LeaseSeen, readLease } from './lease.ts';
import { ask, listen, socketNameOf } from './socket.ts';

export interface LockOptions {
  readonly policy: 'wait' | 'exit' | 'off';
  /** Absolute, both. */
  readonly target: string;
  readonly stateDir: string;
  /** For a target that is not there yet. */
  readonly dirMode: number;
  /** What the source is called; without credentials. */
  readonly source: string;
  readonly log: Log;
  /** Called when another was found to have taken the target: `ensure` is due. */
  readonly onLost?: () => void;
  /** Milliseconds in which a knock is heard. */
  readonly beat?: number;
  readonly place?: Place;
}

/** Time for the last of two that took over at once to be seen by the other. Milliseconds. */
const settling = 500;

interface Held {
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
  #held: Held | undefined;
  #waitsFor: { readonly holder: Holder | undefined } | undefined;
  readonly #warned = new Set<string>();

  constructor(options: LockOptions) {
    this.#options = options;
    this.#place = options.place ?? placeOfThis();
    this.#beat = options.beat ?? 10_000;
  }

  /** Why this process does not work on the target now; undefined when it may. */
  get refusal(): HeldError | undefined {
    return this.#waitsFor && new HeldError(this.#options.target, this.#waitsFor.holder);
  }

  /**
   * Resolves when the target is this process's, with whether it only became so. `onLost` is called before the wait for
   * one that had been. Throws `HeldError` when nobody is to wait.
   */
  async ensure(signal: AbortSignal, onLost: () => Promise<void> = async () => undefined): Promise<boolean> {
    if (this.#options.policy === 'off') return false;
    if (this.#held !== undefined) {
      const taker = await this.#taker(this.#held);
      if (taker === undefined) return false;
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#held?.lease?.release().catch(() => undefined);
    await this.#drop();
  }

  async #acquire(signal: AbortSignal): Promise<void> {
    const { target, dirMode, log } = this.#options;
    await onTarget(ensureDirectory(target, fillingMode(dirMode)));
    const name = await nameOf(target);
    const id = randomBytes(8).toString('hex');
    const since = new Date().toISOString();
    const { source } = this.#options;
    const self = { ...this.#place, id, pid: process.pid, since, version, source };
    const socket = await this.#listen(name, { ...self, socket: name }, signal);
    try {
      const lease = await this.#lease({ ...self, socket: socket && name }, signal);
      const timer = lease && setInterval(() => void this.#onBeat(lease), this.#beat).unref();
      this.#held = { name, socket, lease, timer };
    } catch (error) {
      await socket?.[Symbol.asyncDispose]();
      throw error;
    }
    if (this.#waitsFor !== undefined) log.info({ target }, 'the target is free, and held by this one now');
    this.#waitsFor = undefined;
  }

  /** Undefined where there are no such sockets. */
  async #listen(name: string, self: Holder, signal: AbortSignal): Promise<AsyncDisposable | undefined> {
    if (process.platform !== 'linux') {
      return this.#warn('this system has no sockets that would tell of another Wherry in the same pod');
    }
    for (let unheard = 0; ; unheard += 1) {
      try {
        const socket = await listen(name, () => JSON.stringify(self));
        if (socket !== undefined) return socket;
      } catch (error) {
        return this.#warn('another Wherry in the same pod would not be noticed', error);
      }
      if (await this.#waitFor(name, signal)) unheard = 0;
      // It is there, and nobody may ask it.
      if (unheard === 40) this.#isHeldBy(undefined);
      await pause(unheard < 40 ? 50 * Math.random() : 1000, signal);
    }
  }

  /** Waits for the end of who listens on the socket; false when nobody does. */
  async #waitFor(name: string, signal: AbortSignal): Promise<boolean> {
    using other = await ask(name, signal);
    if (other === undefined) return false;
    this.#isHeldBy(other.holder);
    const aborted = Promise.withResolvers<void>();
    const onAbort = () => aborted.resolve();
    signal.addEventListener('abort', onAbort);
    try {
      await Promise.race([other.gone, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    signal.throwIfAborted();
    return true;
  }

  /** Undefined where it cannot be written. */
  async #lease(self: Holder, signal: AbortSignal): Promise<Lease | undefined> {
    const { stateDir } = this.#options;
    const lease = new Lease(stateDir, self);
    try {
      await ensureDirectory(stateDir, 0o700);
      for (;;) {
        const seen = await readLease(stateDir);
        if (seen === undefined) {
          if (await lease.put(true)) return lease;
        } else if (await this.#isOver(seen, self, signal)) {
          await lease.put(false);
          return lease;
        } else if (await this.#outlasts(seen, signal)) {
          await lease.put(false);
          // Another may have come to the same conclusion: the last one has it.
          await pause(settling, signal);
          if ((await lease.look()) === 'ours') return lease;
        }
      }
    } catch (error) {
      if (error instanceof HeldError || signal.aborted) throw error;
      return this.#warn('another Wherry on another node would not be noticed', error);
    }
  }

  /** Whether it is certain that the holder of a lease is no more, at once or after having waited for its end. */
  async #isOver({ holder }: LeaseSeen, self: Holder, signal: AbortSignal): Promise<boolean> {
    if (holder?.boot === undefined || self.boot === undefined) return false;
    if (holder.boot !== self.boot) return isOnOneMachine(this.#options.stateDir);
    if (holder.network !== self.network || holder.socket === undefined || self.socket === undefined)
      return false;
    // In this network namespace its socket would answer; that of this target is held by this process.
    if (holder.socket !== self.socket) await this.#waitFor(holder.socket, signal);
    return true;
  }

  /** True when the holder gives no sign of life; false when it gave the lease back. */
  async #outlasts({ holder }: LeaseSeen, signal: AbortSignal): Promise<boolean> {
    const { stateDir, policy, target, log } = this.#options;
    const { outlast } = await import('./outlast.ts');
    const seconds = Math.ceil((3.5 * this.#beat) / 1000);
    log.warn(
      { holder, target },
      `the target is held by ${describe(holder)}, unless that gives no sign of life for ${seconds} s`,
    );
    this.#waitsFor = { holder };
    const onSign = (now: Holder | undefined) => this.#isHeldBy(now);
    const end = await outlast({ stateDir, beat: this.#beat, onSign }, signal);
    if (end === 'silent') log.warn({ holder, target, policy }, `${describe(holder)} gives no sign of life`);
    return end === 'silent';
  }

  /** Says so once for each. */
  #isHeldBy(holder: Holder | undefined): void {
    const { policy, target, log } = this.#options;
    const isNews = this.#waitsFor === undefined || this.#waitsFor.holder?.id !== holder?.id;
    this.#waitsFor = { holder };
    if (policy === 'exit') throw new HeldError(target, holder);
    if (isNews)
      log.warn(
        { holder, target },
        `the target is held by ${describe(holder)}; waiting for its end (WHERRY_LOCK)`,
      );
  }

  /** Who has the target now, or whether it is another directory by now; undefined while all is as it was. */
  async #taker({ name, lease }: Held): Promise<LeaseSeen | 'moved' | undefined> {
    const { target, stateDir } = this.#options;
    try {
      if ((await nameOf(target)) !== name) return 'moved';
      const found = await lease?.look();
      if (found === undefined || found === 'ours') return undefined;
      if (found !== 'gone') return found;
      // Whoever wiped the volume did not mean the lease.
      await ensureDirectory(stateDir, 0o700);
      if ((await lease?.put(true)) !== false) return undefined;
      return await readLease(stateDir);
    } catch {
      // What is wrong with the volume is not the lock's to say.
      return undefined;
    }
  }

  async #onBeat(lease: Lease): Promise<void> {
    try {
      await lease.answer();
      const found = await lease.look();
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

  #warn(message: string, error?: unknown): undefined {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#options.log.warn({ err: error, target: this.#options.target }, message);
  }
}

async function nameOf(target: string): Promise<string> {
  return socketNameOf(await onTarget(stat(target, { bigint: true })));
}
