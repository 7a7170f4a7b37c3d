import { join } from 'node:path';
import { UnreachableError } from '../../failure/failure.ts';
import { fileFailure, findGitDirectories, type GitDirectories } from './local-repository.ts';
import { isObjectId, type Ref, type RefReader, type Refs } from './refs.ts';

/**
 * Reads the refs of a repository on this machine from its files. git is started only for what the files alone do not
 * tell: the commit behind a tag that was not seen before, refs in a reftable, the list of all refs.
 */
export class LocalRefs implements RefReader {
  readonly #path: string;
  readonly #fallback: RefReader;
  #packed: (PackedRefs & { readonly stamp: string }) | undefined;
  /** By full name: what the ref held when git told what it is peeled to. */
  readonly #peeled = new Map<string, Ref>();
  #table: { readonly stamp: string; readonly refs: Refs } | undefined;

  constructor(path: string, fallback: RefReader) {
    this.#path = path;
    this.#fallback = fallback;
  }

  async read(names: readonly string[] | undefined, signal: AbortSignal): Promise<Refs> {
    const directories = await findGitDirectories(this.#path);
    try {
      if (names === undefined) return await this.#fallback.read(undefined, signal);
      const table = await directories.files.text(join(directories.commonDir, 'reftable', 'tables.list'));
      if (table !== undefined) return await this.#readTable(table, directories, names, signal);
      const refs = new Map<string, Ref>();
      for (const name of names) {
        const ref = await this.#readOne(name, directories, signal);
        if (ref !== undefined) refs.set(name, ref);
      }
      return refs;
    } catch (error) {
      signal.throwIfAborted();
      throw fileFailure(error, this.#path);
    }
  }

  async #readOne(name: string, directories: GitDirectories, signal: AbortSignal): Promise<Ref | undefined> {
    const held = await this.#hold(name, directories, 0);
    // Branches, and a HEAD that names a commit, never hold tags.
    if (held === undefined || held.peeled !== undefined || held.plain) return held && bare(held);
    const known = this.#peeled.get(name);
    if (known?.oid === held.oid) return known;
    const told = (await this.#fallback.read([name], signal)).get(name);
    if (told !== undefined) this.#peeled.set(name, told);
    return told;
  }

  /** Follows symbolic refs to an object. */
  async #hold(name: string, directories: GitDirectories, depth: number): Promise<Held | undefined> {
    const { gitDir, commonDir, files } = directories;
    if (depth > 5) throw new UnreachableError({ problem: `${this.#path}: ${name} leads round in circles` });
    const directory = name === 'HEAD' ? gitDir : commonDir;
    const text = await files.text(join(directory, name));
    const target = text === undefined ? undefined : /^ref: (.+?)\s*$/.exec(text)?.[1];
    if (target !== undefined) return this.#hold(target, directories, depth + 1);
    const oid = text?.trim();
    if (oid !== undefined && isObjectId(oid)) return { oid, plain: holdsCommits(name) };
    const packed = (await this.#readPacked(directories)).get(name);
    return packed && { ...packed, plain: holdsCommits(name) || this.#packed?.fullyPeeled === true };
  }

  async #readPacked({ commonDir, files }: GitDirectories): Promise<ReadonlyMap<string, Ref>> {
    const path = join(commonDir, 'packed-refs');
    const found = await files.stat(path);
    if (found === undefined) return new Map();
    const stamp = `${found.ino}:${found.size}:${found.mtimeMs}:${found.ctimeMs}`;
    if (this.#packed?.stamp !== stamp) {
      this.#packed = { stamp, ...parsePackedRefs((await files.text(path)) ?? '') };
    }
    return this.#packed.refs;
  }

  async #readTable(
    table: string,
    { gitDir, files }: GitDirectories,
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<Refs> {
    // A linked work tree has its HEAD in tables of its own.
    const own = await files.text(join(gitDir, 'reftable', 'tables.list'));
    const stamp = `${table}\n${own}\n${names.join('\n')}`;
    if (this.#table?.stamp !== stamp) {
      this.#table = { stamp, refs: await this.#fallback.read(names, signal) };
    }
    return this.#table.refs;
  }
}

interface Held extends Ref {
  /** It is known that the object is what the ref is peeled to. */
  readonly plain: boolean;
}

function bare({ oid, peeled }: Held): Ref {
  return peeled === undefined ? { oid } : { oid, peeled };
}

function holdsCommits(name: string): boolean {
  return name === 'HEAD' || name.startsWith('refs/heads/');
}

export interface PackedRefs {
  readonly refs: ReadonlyMap<string, Ref>;
  /** Whether every ref that can be peeled comes with what it is peeled to; older files do not tell. */
  readonly fullyPeeled: boolean;
}

/** `<oid> <name>` lines; a line `^<oid>` tells what the tag before it is peeled to. */
export function parsePackedRefs(text: string): PackedRefs {
  const refs = new Map<string, Ref>();
  let last: string | undefined;
  for (const line of text.split('\n')) {
    const [oid = '', name = ''] = line.split(' ');
    const tag = last === undefined ? undefined : refs.get(last);
    if (line.startsWith('^') && last !== undefined && tag !== undefined) {
      refs.set(last, { ...tag, peeled: line.slice(1) });
    } else if (isObjectId(oid)) {
      refs.set(name, { oid });
      last = name;
    }
  }
  return { refs, fullyPeeled: /^# pack-refs with:.* fully-peeled\b/.test(text) };
}
