import type { Target } from '../target.ts';
import type { SentinelOptions } from './sentinel.ts';

/** A file that is touched after a publish. */
export function sentinelTarget(options: SentinelOptions): Target {
  return {
    name: 'sentinel',
    identity: options.path,
    reload: async (context, signal) => {
      const { writeSentinel } = await import('./sentinel.ts');
      signal.throwIfAborted();
      return writeSentinel(options, context);
    },
  };
}
