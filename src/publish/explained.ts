import type { Publisher } from './publisher.ts';
import { onTarget } from './target-errors.ts';

/** A publisher whose volume may fail at any call: each such error names the setting and the cure. */
export function explained(publisher: Publisher): Publisher {
  const { pointer } = publisher;
  return {
    ...(pointer === undefined ? {} : { pointer }),
    open: () => onTarget(publisher.open()),
    forget: () => publisher.forget(),
    current: (isOurs) => onTarget(publisher.current(isOurs)),
    generation: (name) => onTarget(publisher.generation(name)),
    refuseForeign: (entries) => onTarget(publisher.refuseForeign(entries)),
    newStage: () => onTarget(publisher.newStage()),
    fill: (stage, filling) => onTarget(publisher.fill(stage, filling)),
    copy: (stage, generation, signal) => onTarget(publisher.copy(stage, generation, signal)),
    swap: (stage, manifest, signal) => onTarget(publisher.swap(stage, manifest, signal)),
    finish: (current, replaced) => onTarget(publisher.finish(current, replaced)),
    repair: (name, names, onPutBack) => onTarget(publisher.repair(name, names, onPutBack)),
    collect: (sequence, keep) => onTarget(publisher.collect(sequence, keep)),
  };
}
