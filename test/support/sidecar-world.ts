import type { Engine } from '../../src/engine/engine.ts';
import { due } from '../../src/engine/machine/machine.ts';
import type { Wish } from '../../src/engine/machine/request.ts';
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

/** A whole sidecar on a real directory, with a source and an application that a test plays. */
export class SidecarWorld {
  readonly source = new MemorySource();
  mode: Mode = 'up';
  /** Sets that the application accepted, in order. */
  readonly accepted: (string | undefined)[] = [];
  /** Every set that readers saw after a step, in order, repeats left out. */
  readonly seen: (string | undefined)[] = [];
  engine: Engine;
  /** Called after every turn and every start, with what readers see. */
  onStep: (published: string | undefined) => Promise<void> | void = () => undefined;
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
    if (this.seen.at(-1) !== set) this.seen.push(set);
    await this.onStep(set);
  }

  /** Waits until the courier can do no more without the application, or has given the loop something to do. */
  async #quiet(): Promise<void> {
    for (let tries = 0; tries < 400; tries += 1) {
      const { state, parts } = this.engine;
      const next = state === undefined ? undefined : due(state, rulesOf(parts));
      const isWaiting = this.mode !== 'up' || (next?.kind === 'verify' && next.endless);
      if (next === undefined || next.kind === 'roll-back' || isWaiting || this.#plan.remaining <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
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
      { ending: this.#ending.signal, backoffs: { soon: pace, slow: pace } },
    );
  }

  #application(): Target {
    return {
      name: 'url1',
      identity: 'application',
      reload: async (): Promise<Answer> => {
        const set = await this.published();
        const detail = `${this.mode} ${set}`;
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
          if (set?.startsWith('sick') !== true) return { kind: 'good' };
          if (!endless) return { kind: 'bad', detail: `${set} is not well` };
          if (!told) onTrouble(`${set} is not well`);
          told = true;
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      },
    };
  }
}

function isCrash(error: unknown): boolean {
  return error instanceof Crash || (error instanceof Error && isCrash(error.cause));
}
