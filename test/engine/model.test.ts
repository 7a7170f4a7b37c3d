import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { due } from '../../src/engine/machine/machine.ts';
import { rulesOf } from '../../src/engine/parts.ts';
import { type Content, type Drift, type Mode, SidecarWorld } from '../support/sidecar-world.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { plan } = await vi.hoisted(async () => {
  const { CrashPlan } = await import('../support/crashing-fs.ts');
  return { plan: new CrashPlan() };
});

vi.mock('node:fs/promises', async (load) => {
  const { crashing } = await import('../support/crashing-fs.ts');
  return crashing(await load(), plan);
});

vi.mock('node:fs', async (load) => {
  const { crashingSync } = await import('../support/crashing-fs.ts');
  return crashingSync(await load(), plan);
});

type Op =
  | { readonly do: 'commit'; readonly content: Content; readonly turns: number }
  | { readonly do: 'application'; readonly mode: Mode }
  | { readonly do: 'crash'; readonly step: number }
  /** A crash while that is put back, or none. */
  | { readonly do: 'drift'; readonly kind: Drift; readonly crash: number | undefined }
  | { readonly do: 'restart' | 'mend' | 'hold' | 'resume' | 'rollback' };

const contents: readonly Content[] = ['good1', 'good2', 'bad1', 'bad1', 'bad2', 'sick1', 'sick1', 'invalid1'];
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('commit' as const),
      content: fc.constantFrom(...contents),
      turns: fc.nat({ max: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('application' as const),
      mode: fc.constantFrom<Mode>('up', 'up', 'up', 'down', 'busy', 'misconfigured'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('crash' as const), step: fc.nat({ max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'mend' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('drift' as const),
      kind: fc.constantFrom<Drift>('edit', 'remove', 'unlink', 'chmod'),
      crash: fc.option(fc.nat({ max: 25 }), { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('hold' as const, 'resume' as const, 'resume' as const, 'rollback' as const),
    }),
  },
);

async function perform(world: SidecarWorld, step: Op): Promise<void> {
  switch (step.do) {
    case 'commit':
      world.commit(step.content);
      for (let count = 0; count < step.turns; count += 1) await world.turn();
      return;
    case 'application':
      world.mode = step.mode;
      return;
    case 'crash':
      return world.crashAt(step.step);
    case 'drift':
      // Changes are looked for after a look.
      await world.turn();
      await world.drift(step.kind);
      return step.crash === undefined ? world.turn() : world.crashAt(step.crash);
    case 'restart':
      return world.restart();
    case 'mend':
      return world.mend();
    case 'hold':
    case 'resume':
    case 'rollback':
      return world.ask({ action: step.do });
  }
}

/** Readers only ever see what passed the gates; what is acknowledged is what is published, or it is said to be pending. */
async function checkInvariants(world: SidecarWorld): Promise<void> {
  expect(world.seen.filter((set) => set?.startsWith('invalid'))).toEqual([]);
  const { state } = world.engine;
  if (state?.published === undefined) return;
  const acknowledged = state.targets['url1']?.acknowledged ?? 0;
  if (acknowledged === state.published.sequence) expect(world.accepted.at(-1)).toBe(await world.published());
}

/** What was refused stays away until it is released: by a good set of the source, by settings, or by a person. */
class Refusals {
  readonly #refused = new Set<string>();
  #published: string | undefined;
  #good: string | undefined;
  #heard = 0;

  release(): void {
    this.#refused.clear();
  }

  check(world: SidecarWorld, now: string | undefined): void {
    for (const set of world.accepted.slice(this.#heard)) this.#hear(set);
    this.#heard = world.accepted.length;
    // The source shows what is good, or shows it again.
    if (world.source.files['file'] === this.#good) this.#refused.clear();
    const before = this.#published;
    this.#published = now;
    if (now === before) return;
    expect([...this.#refused], `${now} was refused, and is published again`).not.toContain(now);
    const isBack = world.engine.state?.rolledBack !== undefined;
    if (before !== undefined && isRefusable(before) && isBack) this.#refused.add(before);
  }

  /** Another set than the last good one is good: what was refused before it may be tried again. */
  #hear(accepted: string | undefined): void {
    if (accepted?.startsWith('good') !== true || accepted === this.#good) return;
    this.#good = accepted;
    this.#refused.clear();
  }
}

function isRefusable(content: string): boolean {
  return content.startsWith('bad') || content.startsWith('sick');
}

const numRuns = process.env['CI'] === undefined ? 25 : 100;

test(`${numRuns} random lives of a sidecar keep every promise, and each goes on after its faults`, {
  timeout: 600_000,
}, async () => {
  let published = 0;
  let repairs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(op, { minLength: 8, maxLength: 30, size: 'max' }), async (ops) => {
      plan.remaining = Number.POSITIVE_INFINITY;
      const world = new SidecarWorld(await temporaryDirectory(), plan);
      world.commit('good0' as Content);
      const refusals = new Refusals();
      world.onStep = async (now) => {
        await checkInvariants(world);
        refusals.check(world, now);
      };
      for (const step of ops) {
        if (step.do === 'mend' || step.do === 'resume') refusals.release();
        await perform(world, step);
      }
      await goesOn(world);
      published += world.seen.length;
      repairs += world.repairs;
      await world.engine[Symbol.asyncDispose]();
    }),
    { numRuns, endOnFailure: process.env['CI'] !== undefined },
  );
  console.log(`${numRuns} lives, ${published} sets seen by readers, ${repairs} repairs`);
});

/** After any finite run of faults a good commit arrives, is taken, and nothing is left to do. */
async function goesOn(world: SidecarWorld): Promise<void> {
  world.mode = 'up';
  await world.restart();
  if (world.engine.state?.hold !== undefined) await world.ask({ action: 'resume' });
  world.commit('good9');
  for (let turns = 0; turns < 4; turns += 1) await world.turn();
  const { state, parts } = world.engine;
  expect(await world.published()).toBe('good9');
  expect(world.accepted.at(-1)).toBe('good9');
  expect(state?.good?.sequence).toBe(state?.published?.sequence);
  expect(state === undefined ? 'closed' : due(state, rulesOf(parts))).toBeUndefined();
}
