import { constants, readFileSync } from 'node:fs';
import { systemCode } from '../../failure/failure.ts';
import type { Parsed } from './document.ts';
import type { FileKind } from './file-kind.ts';
import { excessOf } from './json-memory.ts';
import { decodeText } from './text.ts';

/** A file that there is no memory for. */
export class TooLargeError extends Error {
  readonly needed: number;

  constructor(mebibytes: number) {
    super(`it needs about ${mebibytes} MiB of memory`);
    this.needed = mebibytes;
  }
}

/** Reads and parses a file. Throws only for what the file system says, and for a file that is too large. */
export async function parseFile(
  path: string,
  kind: FileKind,
  { followLinks } = { followLinks: false },
): Promise<Parsed> {
  const parse = await parserOf(kind);
  const flag = constants.O_RDONLY | (followLinks ? 0 : constants.O_NOFOLLOW);
  const bytes = readFileSync(path, { flag });
  const excess = kind === 'json' ? excessOf(bytes) : undefined;
  if (excess !== undefined) throw new TooLargeError(excess);
  const decoded = decodeText(bytes);
  if (decoded.kind === 'faulty') return decoded;
  return shallowly(() => parse(decoded.text));
}

async function parserOf(kind: FileKind): Promise<(text: string) => Parsed> {
  switch (kind) {
    case 'json':
      return (await import('./json.ts')).parseJson;
    case 'yaml':
      return (await import('./yaml.ts')).parseYaml;
    case 'toml':
      return (await import('./toml.ts')).parseToml;
  }
}

/** Parsers are recursive, so a text can be too deep for them. */
function shallowly(parse: () => Parsed): Parsed {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError) || systemCode(error) !== undefined) throw error;
    return { kind: 'faulty', faults: [{ message: `it is nested too deeply (${error.message})` }] };
  }
}
