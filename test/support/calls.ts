import { expect } from 'vitest';
import { Failure } from '../../src/failure/failure.ts';

/** A signal that ends a test's call in time. */
export function soon(milliseconds = 30_000): AbortSignal {
  return AbortSignal.timeout(milliseconds);
}

/** What a call fails with; it must be one of the family that users see. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error, String(error)).toBeInstanceOf(Failure);
  return error as Failure;
}

/** The same of calls that run side by side, whichever of them fails first. */
export function failuresOf(calls: readonly Promise<unknown>[]): Promise<Failure[]> {
  return Promise.all(calls.map(failureOf));
}
