import type { Limits } from '../platform/deadline.ts';
import { type Context, sourceOf } from './context.ts';
import { currentQuarantine } from './machine/quarantine.ts';

/** Whether one probe is enough: an earlier run published just what the source still shows, under the same settings. */
export async function isUpToDate(context: Context, { signal }: Limits): Promise<boolean> {
  const { memory, parts } = context;
  const { published, seen } = memory.state;
  const isKnown = published !== undefined && seen?.digest === published.digest;
  if (!isKnown || seen.key !== parts.keys.setKey) return false;
  if (currentQuarantine(memory.state) !== undefined) return false;
  const source = await sourceOf(context);
  const probe = await source.probe(seen.revision, signal);
  return probe.kind === 'unchanged' || probe.revision === seen.revision;
}
