import { resolve } from 'node:path';
import type { Target } from '../target.ts';

export interface AcknowledgementTargetOptions {
  /** Absolute, or relative to the target. */
  readonly path: string;
  /** Absolute. */
  readonly targetDir: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** A file in which the application says which set it has loaded. It is told nothing: others have done that. */
export function acknowledgementTarget({ path, targetDir, timeout }: AcknowledgementTargetOptions): Target {
  const absolute = resolve(targetDir, path);
  return {
    name: 'ack',
    identity: path,
    prepare: async () => (await import('./acknowledgement.ts')).lookAtAcknowledgement(absolute),
    reload: async (context, signal, overtaken = new AbortController().signal) => {
      const { awaitAcknowledgement } = await import('./acknowledgement.ts');
      return awaitAcknowledgement({ path: absolute, timeout }, context, signal, overtaken);
    },
  };
}
