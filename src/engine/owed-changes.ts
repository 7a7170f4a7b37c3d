import type { Target } from '../reload/target.ts';
import { acknowledgedBy, type State } from './machine/state.ts';

/** What changed since each target was last told. Kept in memory: after a restart nobody knows, and all counts as changed. */
export class OwedChanges {
  readonly #paths = new Map<string, ReadonlySet<string>>();

  /** A set replaces the published one of `state`. */
  note(state: State, targets: readonly Target[], changed: readonly string[] | undefined): void {
    const { published } = state;
    for (const target of targets) {
      const { name } = target;
      const isPending = published === undefined || acknowledgedBy(state, target) < published.sequence;
      const owed = isPending ? this.#paths.get(name) : new Set<string>();
      if (changed === undefined || owed === undefined) this.#paths.delete(name);
      else this.#paths.set(name, new Set([...owed, ...changed]));
    }
  }

  /** Undefined when nobody knows. */
  of(name: string): readonly string[] | undefined {
    const paths = this.#paths.get(name);
    return paths === undefined ? undefined : [...paths].toSorted();
  }

  taken(name: string): void {
    this.#paths.delete(name);
  }
}
