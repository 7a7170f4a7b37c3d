import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/engine.ts';
import { due } from '../../src/engine/machine/machine.ts';
import type { Wish } from '../../src/engine/machine/request.ts';
import { silentObserver } from '../../src/engine/observer.ts';
import { rulesOf } from '../../src/engine/parts.ts';
import { RefusedError } from '../../src/failure/failure.ts';
import type { Answer, Target } from '../../src/reload/target.ts';
import type { Verification } from '../../src/verification/verification.ts';
import { Crash, type CrashPlan } from './crashing-fs.ts';
import { engineOn, readSet } from './engine-bench.ts';
import { MemorySource } from './memory-source.ts';

/** What a set's one file may hold: how it behaves is in its name. */
export type Content = `${'good' | 'bad' | 'sick' | 'invalid'}${number}`;
export type Mode = 'up' | 'down' | 'busy' | 'misconfigured';

/** What something else does to the published set. */
export type Drift = 'edit' | 'remove' | 'unlink' | 'chmod';

/** A whole sidecar on a real directory, with a source and an application that a test plays. */
export class SidecarWorld {
  readonly source = new MemorySource();
  mode: Mode = 'up';
  /** Of what something else changed. */
  repairs = 0;
  /** Sets that the application accepted, in order. */
  readonly accepted: (string | undefined)[] = [];
  /** Every set that readers saw after a step, in order, repeats left out. */
  readonly seen: (string | undefined)[] = [];
  engine: Engine;
  /** Called after every turn and every start, with what readers see. */
  onStep: (published: string | undefined) => Promise<void> | void = () => undefined;
  /** What is published, while something else has changed it: until it is put back readers see something else. */
  #drifted: string | undefined;
  readonly #target: string;
  readonly #plan: CrashPlan;
  #ending = new AbortController();
  #reloadKey = 'reload';
  #commits = 0;
  #requests = 0;

  constructor(target: string, plan: CrashPlan) {
    this.#target = target;
    this.#plan = plan;
    this.engine = this.#newEngine();
  }

  commit(content: Content): void {
    this.#commits += 1;
    this.source.set(`r${this.#commits}`, { file: content });
  }

  async published(): Promise<string | undefined> {
    return (await readSet(this.#target))?.['file'];
  }

  /** One turn of the loop, and all that the courier can do by itself. */
  async turn(): Promise<void> {
    await this.#open();
    const { signal } = this.#ending;
    await this.engine.settle(signal);
    await this.engine.look(signal);
    await this.#quiet();
    await this.#witness();
  }

  /** Something else changes the published set, and time passes until that is noticed. */
  async drift(kind: Drift): Promise<void> {
    await this.#open();
    const set = await this.published();
    if (set === undefined || set === edited) return;
    const file = join(this.#target, '..data', 'file');
    this.#drifted = set;
    if (kind === 'edit') await writeFile(file, edited);
    else if (kind === 'remove') await rm(file, { force: true });
    else if (kind === 'unlink') await rm(join(this.#target, 'file'), { force: true });
    else await chmod(file, 0o600);
    // What is not watched yet is checked after the next look.
    if (this.engine.driftAt === Number.POSITIVE_INFINITY) return;
    for (let tries = 0; tries < 200 && this.engine.driftAt > performance.now(); tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async ask(wish: Wish): Promise<void> {
    await this.#open();
    this.#requests += 1;
    await this.engine.ask({ ...wish, id: `request${this.#requests}` });
  }

  /** Settings of the target that are other ones from now on. */
  async mend(): Promise<void> {
    this.#reloadKey += '+';
    await this.restart();
  }

  /** The process ends where it stands, and another one starts. */
  async restart(): Promise<void> {
    this.#ending.abort();
    await this.engine[Symbol.asyncDispose]();
    this.#ending = new AbortController();
    this.engine = this.#newEngine();
    await this.#open();
    await this.#witness();
  }

  /** Dies at its n-th change of the file system, if it gets so far in a turn. */
  async crashAt(step: number): Promise<void> {
    this.#plan.remaining = step;
    await this.turn().catch((error: unknown) => {
      if (!isCrash(error)) throw error;
    });
    this.#plan.remaining = 0;
    this.#ending.abort();
    await this.engine[Symbol.asyncDispose]();
    await this.#plan.settled();
    this.#plan.remaining = Number.POSITIVE_INFINITY;
    await this.restart();
  }

  async #open(): Promise<void> {
    await this.engine.open();
  }

  async #witness(): Promise<void> {
    const set = await this.published();
    if (this.#drifted !== undefined && (set === undefined || set === edited)) return;
    this.#drifted = undefined;
    if (this.seen.at(-1) !== set) this.seen.push(set);
    await this.onStep(set);
  }

  /** Waits until the courier can do no more without the application, or has given the loop something to do. */
  async #quiet(): Promise<void> {
    for (let tries = 0; tries < 400; tries += 1) {
      const { state, parts } = this.engine;
      const next = state === undefined ? undefined : due(state, rulesOf(parts));
      const isEndless =
        next?.kind === 'verify' && next.endless && (await this.published())?.startsWith('sick');
      const isWaiting = this.mode !== 'up' || isEndless;
      if (next === undefined || next.kind === 'roll-back' || isWaiting || this.#plan.remaining <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  #count(repairs: number): void {
    this.repairs += repairs;
  }

  #newEngine(): Engine {
    const pace = { from: 1, to: 2 };
    return engineOn(
      this.#target,
      this.source,
      {
        keys: { setKey: 'set', reloadKey: this.#reloadKey },
        targets: [this.#application()],
        verification: this.#verification(),
        validate: async ({ revision }) => {
          if (this.source.files['file']?.startsWith('invalid') !== true) return;
          throw new RefusedError({ setting: 'WHERRY_VALIDATE', problem: `${revision} is invalid` });
        },
      },
      { retain: 60_000 },
      {
        ending: this.#ending.signal,
        backoffs: { soon: pace, slow: pace },
        drift: 'repair',
        observer: { ...silentObserver, driftRepaired: (count) => this.#count(count) },
        driftTimes: { ladder: [0] },
      },
    );
  }

  #application(): Target {
    return {
      name: 'url1',
      identity: 'application',
      reload: async (): Promise<Answer> => {
        const set = await this.published();
        const detail = `${this.mode} ${set}`;
        // What something else put there is no set to judge; it takes its time over that.
        if (set === undefined || set === edited) return { class: 'busy', detail: 'what is this?' };
        if (this.mode === 'down') return { class: 'not-up', detail };
        if (this.mode !== 'up') return { class: this.mode, detail };
        if (set?.startsWith('bad')) return { class: 'rejected', detail };
        this.accepted.push(set);
        return { class: 'accepted' };
      },
    };
  }

  #verification(): Verification {
    return {
      prepare: async () => undefined,
      verify: async ({ endless, onTrouble }, signal, overtaken) => {
        let told = false;
        for (;;) {
          signal.throwIfAborted();
          if (overtaken.aborted) return { kind: 'overtaken' };
          const set = await this.published();
          const isDrifted = set === undefined || set === edited;
          if (!isDrifted && !set.startsWith('sick')) return { kind: 'good' };
          if (isDrifted) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            continue;
          }
          if (!endless) return { kind: 'bad', detail: `${set} is not well` };
          if (!told) onTrouble(`${set} is not well`);
          told = true;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    };
  }
}

const edited = 'edited by something else';

function isCrash(error: unknown): boolean {
  return error instanceof Crash || (error instanceof Error && isCrash(error.cause));
}
