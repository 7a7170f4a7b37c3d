import { existsSync } from 'node:fs';
import { UnexpectedError } from '../failure/failure.ts';

export interface ProgramPlace {
  /** `import.meta.url` of the module that starts it. */
  readonly from: string;
  /** Its source, relative to that module. */
  readonly source: string;
  /** What the build calls it. */
  readonly built: string;
}

/** A program of its own that this one starts: its source, or where the build puts it, above its chunks. */
export function programFile({ from, source, built }: ProgramPlace): URL {
  if (from.endsWith('.ts')) return new URL(source, from);
  const found = ['./', '../'].map((up) => new URL(`${up}${built}`, from)).find((url) => existsSync(url));
  if (found === undefined) throw new UnexpectedError({ problem: `${built} is not beside ${from}` });
  return found;
}
