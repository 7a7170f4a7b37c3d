import { RefusedError } from '../failure/failure.ts';
import type { Entry, LinkEntry } from './entry.ts';

export type LinkRule = 'internal' | 'skip' | 'refuse';

/** As many as Linux follows before it answers ELOOP. */
const mostSteps = 40;
/** Bytes of a target: PATH_MAX less the NUL. */
const longestTarget = 4095;

/** Applies `WHERRY_SYMLINKS`. Throws `RefusedError` for the first link that the rule does not let in. */
export function applyLinkRule(entries: readonly Entry[], rule: LinkRule): readonly Entry[] {
  const links = entries.filter((entry) => entry.kind === 'link');
  const [first] = links;
  if (first === undefined) return entries;
  switch (rule) {
    case 'skip':
      return entries.filter((entry) => entry.kind !== 'link');
    case 'refuse':
      throw new RefusedError({
        setting: 'WHERRY_SYMLINKS',
        problem: `the set holds the symbolic link ${JSON.stringify(first.path)} and the setting is "refuse"`,
        cure: 'remove the link, or set it to internal or skip',
      });
    case 'internal': {
      const targets = new Map<string, string>(links.map(({ path, target }) => [path, target]));
      for (const link of links) {
        checkLength(link);
        checkInside(link, targets);
      }
      return entries;
    }
  }
}

/** A longer one would fail when it is made, as if the volume were at fault. */
function checkLength({ path, target }: LinkEntry): void {
  const length = Buffer.byteLength(target);
  if (length <= longestTarget) return;
  throw new RefusedError({
    setting: 'WHERRY_SYMLINKS',
    problem: `the symbolic link ${JSON.stringify(path)} leads to a path of ${length} bytes, and ${longestTarget} is the most`,
    cure: 'shorten it, or set WHERRY_SYMLINKS=skip',
  });
}

/** Follows a link as the kernel would, through other links of the set; leaving it at any step refuses the set. */
function checkInside(link: LinkEntry, targets: ReadonlyMap<string, string>): void {
  let resolved = link.path.split('/').slice(0, -1);
  let rest = elementsOf(link, link.target);
  for (let steps = 0; rest.length > 0; ) {
    const [element = '', ...following] = rest;
    rest = following;
    if (element === '..') {
      if (resolved.length === 0) throw leaves(link);
      resolved = resolved.slice(0, -1);
      continue;
    }
    const next = [...resolved, element];
    const target = targets.get(next.join('/'));
    if (target === undefined) {
      resolved = next;
      continue;
    }
    steps += 1;
    if (steps > mostSteps) return; // a loop goes nowhere: readers get ELOOP, and nothing outside
    rest = [...elementsOf(link, target), ...rest];
  }
}

function elementsOf(link: LinkEntry, target: string): readonly string[] {
  if (target === '' || target.startsWith('/') || target.includes('\0')) throw leaves(link);
  return target.split('/').filter((element) => element !== '' && element !== '.');
}

function leaves(link: LinkEntry): RefusedError {
  return new RefusedError({
    setting: 'WHERRY_SYMLINKS',
    problem: `the symbolic link ${JSON.stringify(link.path)} -> ${JSON.stringify(link.target)} leaves the set`,
    cure: 'point it inside the set, or set WHERRY_SYMLINKS=skip',
  });
}
