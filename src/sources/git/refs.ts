import type { Revision } from '../../snapshot/entry.ts';

/** What WHERRY_GIT_REF asks for. */
export type Wanted =
  | { readonly kind: 'commit'; readonly revision: Revision }
  | {
      readonly kind: 'ref';
      readonly text: string;
      /** Full names, the one that wins first. */
      readonly candidates: readonly [string, ...string[]];
      /** What a remote is asked for: those, and what tells an empty repository. */
      readonly asked: readonly string[];
    };

/** One ref of a repository: what it holds and, where that is an annotated tag, the object that the tag names. */
export interface Ref {
  readonly oid: string;
  readonly peeled?: string;
}

/** By full name; `HEAD` is one of them. */
export type Refs = ReadonlyMap<string, Ref>;

export interface Resolved {
  /** Full name, such as `refs/heads/main`. */
  readonly ref: string;
  readonly revision: Revision;
  /** Other refs that the same text names, and that lost. */
  readonly shadowed: readonly string[];
}

/** Reads a repository's refs, wherever it is. */
export interface RefReader {
  /** The refs of these full names that exist; all refs without names. */
  read(names: readonly string[] | undefined, signal: AbortSignal): Promise<Refs>;
}

/** 40 (SHA-1) or 64 (SHA-256) hexadecimal digits. */
const objectId = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export function isObjectId(text: string): boolean {
  return objectId.test(text);
}

/** A full commit hash wins, then a branch, then a tag, then whatever `refs/<text>` is. */
export function parseWanted(text: string): Wanted {
  if (isObjectId(text.toLowerCase())) return { kind: 'commit', revision: text.toLowerCase() as Revision };
  if (text === 'HEAD' || text.startsWith('refs/')) return wantedRef(text, [text]);
  return wantedRef(text, [`refs/heads/${text}`, `refs/tags/${text}`, `refs/${text}`]);
}

function wantedRef(text: string, candidates: readonly [string, ...string[]]): Wanted {
  return { kind: 'ref', text, candidates, asked: [...new Set([...candidates, 'HEAD'])] };
}

/** The candidate that wins among the refs that exist. */
export function resolve(candidates: readonly string[], refs: Refs): Resolved | undefined {
  const [ref, ...shadowed] = candidates.filter((name) => refs.has(name));
  const found = ref === undefined ? undefined : refs.get(ref);
  if (ref === undefined || found === undefined) return undefined;
  return { ref, revision: (found.peeled ?? found.oid) as Revision, shadowed };
}
