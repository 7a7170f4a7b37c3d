import type { Credentials } from './credentials.ts';

const minute = 60_000;
/** How long before their end credentials are renewed, at most. */
const margin = 5 * minute;
const firstPause = 10_000;
const longestPause = 5 * minute;

/** When to renew: five minutes before the end, or half of a shorter life; a little earlier, each pod at its own time. */
export function renewalTime(expiresAt: number | undefined, now: number, random: () => number): number {
  if (expiresAt === undefined) return Number.POSITIVE_INFINITY;
  return expiresAt - Math.min(margin, (expiresAt - now) / 2) * (1 + random() / 5);
}

/** How long to wait after so many failures in a row. */
export function pauseAfter(failures: number, random: () => number): number {
  return Math.min(firstPause * 2 ** (failures - 1), longestPause) * (1 - random() / 5);
}

export function hasEnded({ expiresAt }: Credentials, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

export function areEqual(a: Credentials, b: Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.secretAccessKey === b.secretAccessKey &&
    a.sessionToken === b.sessionToken
  );
}
