import type { Target } from './target.ts';

/** A process in the shared PID namespace that gets a signal after a publish. */
export function signalTarget(signalName: NodeJS.Signals, process: string): Target {
  return {
    name: 'signal',
    identity: `${signalName} ${process}`,
    reload: async (_context, signal) => {
      const { signalProcess } = await import('./process-signal.ts');
      signal.throwIfAborted();
      return signalProcess(process, signalName);
    },
  };
}
