import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Action, Event, Rules } from '../../src/engine/machine/events.ts';
import { due, step } from '../../src/engine/machine/machine.ts';
import { quarantineOf } from '../../src/engine/machine/quarantine.ts';
import { emptyState, type PublishedSet, type State } from '../../src/engine/machine/state.ts';
import type { Answer } from '../../src/reload/target.ts';
import type { Digest, Revision } from '../../src/snapshot/entry.ts';

const at = '2026-01-01T00:00:00.000Z';
const targets = [
  { name: 'url1', identity: 'one' },
  { name: 'signal', identity: 'two' },
];

/** What the world does; what the engine does about it follows from the machine's own actions. */
type Move =
  | { readonly kind: 'source'; readonly content: string; readonly name: number }
  | { readonly kind: 'answer'; readonly index: number; readonly answer: Answer }
  | { readonly kind: 'health'; readonly well: boolean }
  | { readonly kind: 'wish'; readonly action: 'hold' | 'resume' | 'rollback' }
  | { readonly kind: 'other-mode'; readonly hasCopy: boolean }
  | { readonly kind: 'taken' | 'settings' | 'restart' | 'wiped' | 'gone' | 'drifted' };

const answers: readonly Answer[] = [
  { class: 'accepted' },
  { class: 'busy', detail: 'later' },
  { class: 'rejected', detail: 'no' },
];
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'taken' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('source' as const),
      content: fc.constantFrom('a', 'b', 'c'),
      name: fc.nat({ max: 2 }),
    }),
  },
  fc.record({
    kind: fc.constant('source' as const),
    content: fc.constantFrom('a', 'b', 'c'),
    name: fc.nat({ max: 2 }),
  }),
  fc.record({
    kind: fc.constant('answer' as const),
    index: fc.nat({ max: 1 }),
    answer: fc.constantFrom(...answers),
  }),
  fc.record({ kind: fc.constant('health' as const), well: fc.boolean() }),
  fc.constant({ kind: 'drifted' as const }),
  fc.record({ kind: fc.constant('other-mode' as const), hasCopy: fc.boolean() }),
  fc.record({
    kind: fc.constant('wish' as const),
    action: fc.constantFrom('hold' as const, 'resume' as const, 'rollback' as const),
  }),
  fc.record({
    kind: fc.constantFrom('settings' as const, 'restart' as const, 'wiped' as const, 'gone' as const),
  }),
);

/** Plays the engine: every event that it tells, and every action that it does, is looked at. */
class Player {
  state: State = emptyState;
  #rules: Rules;
  #requests = 0;
  /** A set that was good before is good at once. */
  readonly #rolledBack = new Set<number>();

  constructor(verifies: boolean, rollsBack: boolean) {
    const keys = { setKey: 'set', reloadKey: 'r' };
    this.#rules = { keys, targets, verifies, rollsBack, pinFault: () => undefined };
  }

  get next(): Action | undefined {
    return due(this.state, this.#rules);
  }

  play(one: Move): void {
    const { state } = this;
    switch (one.kind) {
      case 'source':
        this.#follow(one.content, one.name);
        return;
      case 'taken':
        for (const index of targets.keys())
          this.play({ kind: 'answer', index, answer: { class: 'accepted' } });
        this.#examine(true);
        return;
      case 'answer': {
        const target = targets[one.index];
        if (target === undefined || state.published === undefined) return;
        const { sequence } = state.published;
        this.#tellAll({ type: 'answered', target, answer: one.answer, sequence });
        return;
      }
      case 'health':
        this.#examine(one.well);
        return;
      case 'wish': {
        this.#requests += 1;
        const request = { action: one.action, id: String(this.#requests) };
        const next = this.#tell({ type: 'asked', request });
        const { lastRequest } = this.state;
        if (lastRequest?.result === 'under-way') expect(next?.kind).toBe('roll-back');
        if (next?.kind === 'roll-back') this.#rollBack(next.to);
        return;
      }
      case 'settings': {
        const { setKey, reloadKey } = this.#rules.keys;
        this.#rules = { ...this.#rules, keys: { setKey, reloadKey: `${reloadKey}+` } };
        this.#tellAll({ type: 'settings-changed' });
        return;
      }
      case 'restart':
        this.#tellAll({ type: 'opened', current: state.published });
        return;
      case 'other-mode':
        this.#changeMode(one.hasCopy);
        return;
      case 'wiped':
        this.#tellAll({ type: 'lost' });
        return;
      case 'drifted':
        if (state.published !== undefined) this.#mend(state.published);
        return;
      case 'gone':
        if (this.next?.kind === 'roll-back') this.#tell({ type: 'rollback-lost', detail: 'gone' });
        return;
    }
  }

  /** What holds between two events. */
  check(): void {
    const { published, rejected, good, verified = 0, quarantine = [], seen } = this.state;
    if (published === undefined) return;
    const isRejected = rejected?.sequence === published.sequence;
    const isGood = good?.sequence === published.sequence;
    if (isRejected) expect(this.next?.kind, 'a rejected set is told again').not.toBe('deliver');
    const isFirsthand = isGood && !this.#rolledBack.has(published.sequence);
    if (this.#rules.verifies && isFirsthand) {
      expect(verified, 'good without being verified').toBe(published.sequence);
    }
    if (good !== undefined) expect(quarantine.map(({ digest }) => digest)).not.toContain(good.digest);
    // Nothing to do means: everybody took it and it is good, or it was rejected and that is said.
    if (this.next === undefined) expect(isRejected || good?.digest === published.digest).toBe(true);
    const isSettled = this.next === undefined && isGood && !isRejected && seen?.digest === published.digest;
    if (isSettled) expect(quarantine, 'what the source shows is good, and old refusals stay').toEqual([]);
  }

  #follow(content: string, name: number): void {
    const revision = `rev-${content}-${name}` as Revision;
    const digest = `sha256:${content}` as Digest;
    const next = this.#tell({ type: 'probed', revision });
    if (next?.kind === 'roll-back') this.#rollBack(next.to);
    if (next?.kind !== 'follow') return;
    const staged = this.#tell({ type: 'staged', revision, digest, pin: undefined });
    if (staged?.kind !== 'publish') return;
    expect(quarantineOf(this.state, digest), `${content} is refused, and published`).toBeUndefined();
    const set = this.#newSet(revision, digest);
    this.#tellAll({ type: 'published', set, revision, unconcerned: [], before: {}, handsOver: false });
  }

  /** What was published is shown by no name of the new mode; what is not refused must get there. */
  #changeMode(hasCopy: boolean): void {
    const { published } = this.state;
    const next = this.#tell({ type: 'opened', current: undefined });
    if (published !== undefined) expect(['move', 'roll-back']).toContain(next?.kind);
    if (next?.kind === 'roll-back') this.#rollBack(next.to);
    if (next?.kind !== 'move') return;
    expect(next.set.digest).toBe(published?.digest);
    if (hasCopy) {
      const set = this.#newSet(next.set.revision, next.set.digest);
      // A good set stays good; whether it is told again is another matter.
      if (this.state.good?.digest === set.digest) this.#rolledBack.add(set.sequence);
      this.#tellAll({ type: 'moved', set, unconcerned: [], before: {}, handsOver: false });
    } else expect(this.#tell({ type: 'move-lost' })?.kind).not.toBe('move');
  }

  #examine(well: boolean): void {
    const { next } = this;
    if (next?.kind !== 'verify') return;
    const { sequence } = next.set;
    if (well) this.#tellAll({ type: 'verified', sequence });
    else if (next.endless) this.#tellAll({ type: 'unverified', sequence, detail: 'sick' });
    else this.#tellAll({ type: 'verification-failed', sequence, detail: 'sick' });
  }

  /** Rolls back as often as it is due; more than once in a row would be a loop. */
  #tellAll(event: Event): void {
    const next = this.#tell(event);
    if (next?.kind === 'roll-back') this.#rollBack(next.to);
  }

  #rollBack(to: PublishedSet): void {
    expect(quarantineOf(this.state, to.digest), 'rolled back to a refused set').toBeUndefined();
    expect(to.digest).not.toBe(this.state.published?.digest);
    const set = this.#newSet(to.revision, to.digest);
    this.#rolledBack.add(set.sequence);
    const next = this.#tell({ type: 'rolled-back', set, unconcerned: [], before: {} });
    expect(next?.kind).not.toBe('roll-back');
  }

  /** Told like a change, unless it is to give way: what was put back is nobody's to reject unheard. */
  #mend(published: PublishedSet): void {
    const { generation } = published;
    const set = { ...this.#newSet(published.revision, published.digest), generation };
    if (this.#rolledBack.has(published.sequence)) this.#rolledBack.add(set.sequence);
    const before = this.state;
    const next = this.#tell({ type: 'mended', set, unconcerned: [], before: {} });
    expect(this.state).toMatchObject({ published: set, sequence: set.sequence });
    expect(this.state.seen).toEqual(before.seen);
    expect(this.state.previous).toBe(before.previous);
    expect(['deliver', 'roll-back']).toContain(next?.kind);
    if (next?.kind === 'roll-back') this.#rollBack(next.to);
  }

  #newSet(revision: Revision, digest: Digest): PublishedSet {
    const sequence = this.state.sequence + 1;
    return { generation: `..${sequence}`, revision, digest, sequence, publishedAt: at, files: 1, bytes: 1 };
  }

  #tell(event: Event): Action | undefined {
    const before = this.state;
    const { state, next } = step(before, event, this.#rules, at);
    this.state = state;
    expect(state.sequence).toBeGreaterThanOrEqual(before.sequence);
    expect(JSON.parse(JSON.stringify(state)), 'a state survives being written').toEqual(state);
    if (next?.kind === 'deliver' || next?.kind === 'verify') expect(next.set).toEqual(state.published);
    return next;
  }
}

test('no row of events makes the machine publish what is refused, go round in circles, or forget what is owed', () => {
  fc.assert(
    fc.property(
      fc.array(move, { maxLength: 60 }),
      fc.boolean(),
      fc.boolean(),
      (moves, verifies, rollsBack) => {
        const player = new Player(verifies, rollsBack);
        for (const one of moves) {
          player.play(one);
          player.check();
        }
      },
    ),
    { numRuns: 2000 },
  );
});
