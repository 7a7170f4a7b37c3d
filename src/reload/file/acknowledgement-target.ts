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
  return {
    name: 'ack',
    identity: path,
    reload: async (context, signal, overtaken = new AbortController().signal) => {
      const { awaitAcknowledgement } = await import('./acknowledgement.ts');
      return awaitAcknowledgement({ path: resolve(targetDir, path), timeout }, context, signal, overtaken);
    },
  };
}
