import { systemCode } from '../../../failure/failure.ts';
import { pause } from '../../../platform/pause.ts';
import { ErrorAnswer } from './error-answer.ts';

/** So often a request is sent, unless what was wrong is put right in between. */
export const attempts = 3;

const passingStatuses = new Set([429, 500, 502, 503, 504]);
const passingCodes = new Set([
  'RequestTimeout',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'InternalError',
]);
const passingErrors = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);
/** Milliseconds. */
const longest = 20_000;

/** True for what may be gone at the next attempt. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ErrorAnswer)) return passingErrors.has(systemCode(error) ?? '');
  return passingStatuses.has(error.status) || passingCodes.has(error.code ?? '');
}

/** Waits before the next attempt: anything up to a time that doubles, longer where the store slows clients down, or what it asks for. */
export async function backOff(error: unknown, attempt: number, signal: AbortSignal): Promise<void> {
  const isThrottled = error instanceof ErrorAnswer && (error.status === 429 || error.status === 503);
  const drawn = Math.random() * Math.min(longest, (isThrottled ? 500 : 100) * 2 ** attempt);
  const asked = error instanceof ErrorAnswer ? retryAfter(error.headers['retry-after']) : undefined;
  await pause(Math.min(longest, asked ?? drawn), signal);
}

/** Seconds, or a date; in milliseconds from now. */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const time = Date.parse(value);
  return Number.isNaN(time) ? undefined : Math.max(0, time - Date.now());
}
