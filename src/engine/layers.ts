import type { Source } from '../sources/source.ts';
import { type Context, tell } from './context.ts';
import { mainLayer, type Observer, type PollResult } from './observer.ts';

/** Counts a look at the source; at one of several layers, for each what came of it. */
export function tellOfPoll(observer: Observer, source: Source | undefined, result: PollResult): void {
  if (source?.layers === undefined) observer.polled(mainLayer, result);
  else {
    const isOfSet = result === 'quarantined' || result === 'held';
    for (const { layer, result: own } of source.layers.takePolls()) {
      const answers = own === 'unchanged' || own === 'changed';
      observer.polled(layer, isOfSet && answers ? result : own);
    }
  }
}

/** Whether what is published is what the source says, and not in part what a layer that fails said before. */
export function isWhole({ layers }: Source): boolean {
  return layers === undefined || layers.status().every(({ failure }) => failure === undefined);
}

/** Notes which layers fail, so that a status tells of it that is read from the state. */
export async function noteLayers(context: Context, source: Source | undefined): Promise<void> {
  const { layerFailures } = context.memory.state;
  if (source?.layers === undefined && layerFailures === undefined) return;
  // What was read or written after the probe may have failed too.
  if (source?.layers !== undefined) tellOfPoll(context.options.observer, source, 'changed');
  const known = layerFailures ?? {};
  const failing = (source?.layers?.status() ?? []).flatMap(({ name, failure }) => {
    if (failure === undefined) return [];
    // Since when is not for a restart to say anew.
    return [[name, known[name]?.message === failure.message ? known[name] : failure] as const];
  });
  const failures = Object.fromEntries(failing);
  if (JSON.stringify(failures) === JSON.stringify(known)) return;
  await tell(context, { type: 'layers-looked-at', failures });
}
