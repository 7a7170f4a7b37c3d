import { RefusedError } from '../failure/failure.ts';
import type { Entry, RelativePath } from './entry.ts';

/** The manifest of every generation has this name; no source may bring its own. */
export const manifestName = '.wherry.json';

/** Holds the generations that one link of the user's choice leads to, in the target; no set may have that name. */
export const generationsDirectory = '.wherry-generations';

const longestName = 255;
const longestPath = 4096 - 512; // PATH_MAX less room for the target's own path
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Makes a source's path into one that is safe to create below a directory. Throws `RefusedError` naming the path:
 * a source's paths are data, and one that could lead elsewhere refuses the whole set.
 */
export function parsePath(raw: Uint8Array | string): RelativePath {
  const path = typeof raw === 'string' ? raw : decode(raw);
  const fault = faultOf(path);
  if (fault !== undefined) throw refusedPath(path, fault);
  return path as RelativePath;
}

/** Whether a path is safe to create below a directory. */
export function isSafePath(path: string): boolean {
  return faultOf(path) === undefined;
}

/** Two entries that cannot both exist (`a` and `a/b`, or `a` twice) refuse the set. */
export function checkCoexistence(entries: readonly Entry[]): void {
  const paths = new Set<string>();
  for (const { path } of entries) {
    if (paths.has(path)) throw refusedPath(path, 'is in the set twice');
    paths.add(path);
  }
  const checked = new Set<string>();
  for (const { path } of entries) {
    const directory = path.slice(0, Math.max(path.lastIndexOf('/'), 0));
    if (checked.has(directory)) continue;
    checked.add(directory);
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      const parent = path.slice(0, end);
      if (paths.has(parent))
        throw refusedPath(path, `cannot exist beside ${JSON.stringify(parent)}, which is a file`);
    }
  }
}

/** No element of such a path can be too long in UTF-8, nor the whole. */
const shortPath = Math.floor(longestName / 3);
const strangeElement = /(?:^|\/)\.{0,2}(?:\/|$)|\0/;

function faultOf(path: string): string | undefined {
  const isPlain = path.length <= shortPath && !path.startsWith('.') && !strangeElement.test(path);
  if (isPlain) return undefined;
  if (path === '') return 'is empty';
  if (path.includes('\0')) return 'holds a NUL byte';
  if (path.startsWith('/')) return 'is absolute';
  if (Buffer.byteLength(path) > longestPath) return `is longer than ${longestPath} bytes`;
  if (path.startsWith('..')) return 'starts with "..", which the target keeps for itself';
  if (path === manifestName || path.startsWith(`${manifestName}/`))
    return 'is the name of the generation’s own manifest';
  if (path === generationsDirectory || path.startsWith(`${generationsDirectory}/`))
    return `has the name "${generationsDirectory}", which the target keeps for itself`;
  return path
    .split('/')
    .map(faultOfElement)
    .find((fault) => fault !== undefined);
}

function faultOfElement(element: string): string | undefined {
  if (element === '') return 'has an empty element';
  if (element === '.' || element === '..') return `has the element "${element}"`;
  return Buffer.byteLength(element) > longestName ? `has a name longer than ${longestName} bytes` : undefined;
}

function decode(raw: Uint8Array): string {
  try {
    return utf8.decode(raw);
  } catch (cause) {
    throw new RefusedError({
      problem: `the path ${JSON.stringify(Buffer.from(raw).toString('latin1'))} is not UTF-8`,
      cure: 'rename it in the source, or leave it out with WHERRY_EXCLUDE',
      cause,
    });
  }
}

function refusedPath(path: string, fault: string): RefusedError {
  const shown = path.length > 300 ? `${path.slice(0, 300)}…` : path;
  return new RefusedError({
    problem: `the path ${JSON.stringify(shown)} ${fault}`,
    cure: 'rename it in the source, or leave it out with WHERRY_EXCLUDE',
  });
}
