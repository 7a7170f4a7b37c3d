import { readFileSync } from 'node:fs';
import { systemCode } from '../../../src/failure/failure.ts';

/** What a reader found: a whole version, nothing at all, a part of a file, or the same file at two places. */
export type Seen = number | 'absent' | 'torn' | 'twice';

const filling = 'x'.repeat(32 * 1024);

/** A version of a file: long, its number at both ends, and targets of Prometheus' file discovery at the same time. */
export function versionText(version: number): string {
  const labels = { first: String(version), filling, last: String(version) };
  return JSON.stringify([{ targets: ['127.0.0.1:9'], labels }]);
}

/** Reads a file of one version at once, as the hastiest of applications would. */
export function readVersion(path: string): Seen {
  try {
    return judge(readFileSync(path, 'utf8'));
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'absent';
    throw error;
  }
}

function judge(text: string): Seen {
  try {
    const [group] = JSON.parse(text) as [{ labels: Record<string, string> }];
    const { first, filling: middle, last } = group.labels;
    return first === last && middle === filling ? Number(first) : 'torn';
  } catch {
    return 'torn';
  }
}
