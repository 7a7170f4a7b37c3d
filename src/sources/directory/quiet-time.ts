import type { Found } from './listing.ts';
import type { Place } from './volume.ts';

/** A file is taken for whole when nothing was written for so long. Milliseconds, here and below. */
const quiet = 500;
/** No file system in use counts time in longer steps. */
const longestStep = 2000;
/** File systems with such times mostly lie behind a network, and their times are of another clock. */
const skew = 60_000;

/**
 * How long a listing is to stay as it is before it is believed; 0 = it is old enough. A time that is still to come tells
 * nothing, and is waited for too. Where times are coarse, a file that is written twice within one step looks the same
 * after both: so nothing of it is read before that step is over.
 */
export function quietTime(
  {
    place,
    found,
  }: {
    readonly place: Pick<Place, 'isAtomic'>;
    readonly found: readonly Pick<Found, 'changedAt' | 'isCoarse'>[];
  },
  now: number,
): number {
  if (place.isAtomic) return 0;
  let wait = 0;
  for (const { changedAt, isCoarse } of found) {
    if (isCoarse && changedAt > now - longestStep - skew) return longestStep + quiet;
    if (changedAt > now - quiet) wait = quiet;
  }
  return wait;
}
