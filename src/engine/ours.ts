import type { IsOurs } from '../publish/publisher.ts';
import type { State } from './machine/state.ts';

/**
 * Which generations without a manifest are ours, before anything was done in the target. State that lies in it is proof
 * enough; other state may be that of another target, and must name the generation.
 */
export function oursAtStart(
  { sequence, published, former, good }: State,
  { target, stateDir }: { readonly target: string; readonly stateDir: string },
): IsOurs {
  if (stateDir.startsWith(`${target}/`)) return () => sequence > 0;
  return (name) => [published, former, good].some((set) => set?.generation === name);
}

/** The same from then on: what the target's link leads to was found to be ours. */
export function oursSinceStart({ sequence }: State): IsOurs {
  return () => sequence > 0;
}
