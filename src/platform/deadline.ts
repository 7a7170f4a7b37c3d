/**
 * Runs something that ends when the outer signal is aborted or when its time is over; `onTime` makes the reason that
 * the inner signal then carries, and that the run is expected to reject with.
 */
export async function withDeadline<T>(
  milliseconds: number,
  outer: AbortSignal,
  onTime: () => Error,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const follow = () => controller.abort(outer.reason);
  const timer = setTimeout(() => controller.abort(onTime()), milliseconds);
  outer.addEventListener('abort', follow);
  if (outer.aborted) follow();
  try {
    return await run(controller.signal);
  } catch (error) {
    // Whatever the interruption looked like inside, its reason is what happened.
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', follow);
  }
}
