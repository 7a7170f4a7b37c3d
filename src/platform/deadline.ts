/** setTimeout fires at once for more. */
export const longestTimer = 2 ** 31 - 1;

/** What bounds a run: the signal, and a way to wait for something that the run is not to blame for. */
export interface Limits {
  readonly signal: AbortSignal;
  /** Stops the clock while it awaits. */
  outside<T>(wait: Promise<T>): Promise<T>;
}

/**
 * Runs something that ends when the outer signal is aborted or when its time is over; `onTime` makes the reason that
 * the inner signal then carries, and that the run is expected to reject with.
 */
export async function withDeadline<T>(
  milliseconds: number,
  outer: AbortSignal,
  onTime: () => Error,
  run: (limits: Limits) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const follow = () => controller.abort(outer.reason);
  let remaining = milliseconds;
  let started = performance.now();
  const start = () => setTimeout(() => controller.abort(onTime()), Math.min(remaining, longestTimer));
  let timer = start();
  const outside = async <W>(wait: Promise<W>): Promise<W> => {
    clearTimeout(timer);
    remaining -= performance.now() - started;
    try {
      return await wait;
    } finally {
      started = performance.now();
      timer = start();
    }
  };
  outer.addEventListener('abort', follow);
  if (outer.aborted) follow();
  try {
    return await run({ signal, outside });
  } catch (error) {
    // Whatever the interruption looked like inside, its reason is what happened.
    throw signal.aborted ? signal.reason : error;
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', follow);
  }
}
