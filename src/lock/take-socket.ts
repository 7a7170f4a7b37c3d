import { pause } from '../platform/pause.ts';
import type { Holder } from './holder.ts';
import { ask, listen } from './socket.ts';
import type { Waiting } from './waiting.ts';

/** So many tries to ask who listens, with a short pause each, before it is waited for without a name. */
const mostTries = 40;

/** Listens on the socket of a target as soon as nobody else does. Rejects where there are no such sockets. */
export async function takeSocket(
  name: string,
  self: Holder,
  waiting: Waiting,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  for (let unheard = 0; ; unheard += 1) {
    const socket = await listen(name, () => JSON.stringify(self));
    if (socket !== undefined) return socket;
    if (await waitForEnd(name, waiting, signal)) unheard = 0;
    // It is there, and nobody may ask it.
    if (unheard === mostTries) waiting.forEndOf(undefined);
    await pause(unheard < mostTries ? 50 * Math.random() : 1000, signal);
  }
}

/** Waits for the end of who listens on a socket; false when nobody does. */
export async function waitForEnd(name: string, waiting: Waiting, signal: AbortSignal): Promise<boolean> {
  using other = await ask(name, signal);
  if (other === undefined) return false;
  waiting.forEndOf(other.holder);
  const aborted = Promise.withResolvers<void>();
  const onAbort = () => aborted.resolve();
  signal.addEventListener('abort', onAbort);
  try {
    await Promise.race([other.gone, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  signal.throwIfAborted();
  return true;
}
