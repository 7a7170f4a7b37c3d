import { oneLine } from '../platform/one-line.ts';
import { roundSize } from '../platform/units.ts';
import type { Target } from './current.ts';
import type { Made } from './make-release.ts';
import { urlOf } from './place.ts';
import type { Listed, Listing } from './releases.ts';
import type { RolledBack } from './roll-back.ts';

function files(count: number): string {
  return count === 1 ? '1 file' : `${count} files`;
}

/** What became of it, in a sentence. */
export function madeInWords({ result, rev, previous, files: count, bytes, uploads }: Made): string {
  const whole = `${files(count)}, ${roundSize(bytes)}`;
  const size = roundSize(uploads.bytes);
  switch (result) {
    case 'unchanged':
      return `nothing to release: the pointer is at ${rev} already, with the same ${whole}`;
    case 'dry-run':
      return `${rev} (${whole}) would upload ${files(uploads.objects)}, ${size}; nothing was written`;
    case 'released':
      return `released ${rev} (${whole}; uploaded ${files(uploads.objects)}, ${size})${previous === undefined ? '' : `, after ${previous}`}`;
  }
}

export function rolledBackInWords({ result, rev, previous }: RolledBack): string {
  const from = previous === undefined ? '' : ` from ${previous}`;
  switch (result) {
    case 'unchanged':
      return `nothing to do: the pointer is at ${rev} already`;
    case 'dry-run':
      return `the pointer would move${from} to ${rev}, of which everything is there; nothing was written`;
    case 'rolled-back':
      return `rolled back${from} to ${rev}`;
  }
}

/** A line a release, the current one marked. */
export function listingInWords({ releases, older }: Listing, { place, pointer }: Target): string {
  if (releases.length === 0) return `no release of ${urlOf(place, pointer)} has been made yet\n`;
  const width = Math.max(...releases.map(({ rev }) => rev.length));
  const lines = releases.map((release) => line(release, width));
  return [...lines, ...(older === 0 ? [] : [`and ${older} older; --limit shows more`]), ''].join('\n');
}

function line({ rev, isCurrent, createdAt, files: count, bytes, message }: Listed, width: number): string {
  const time = new Date(createdAt).toISOString().slice(0, 19).replace('T', ' ');
  const size = (count === undefined ? '? files' : files(count)).padStart(12);
  const text = `${isCurrent ? '*' : ' '} ${rev.padEnd(width)}  ${time}Z ${size} ${roundSize(bytes).padStart(10)}`;
  return `${text}  ${oneLine(message ?? '')}`.trimEnd();
}
