import { Alarm } from './alarm.ts';

/** Resolves after the milliseconds; rejects with the signal's reason when that is aborted before. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Alarm().wait(milliseconds, signal);
  signal.throwIfAborted();
}
