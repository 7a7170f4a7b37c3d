import { MissingError, RefusedError } from '../../failure/failure.ts';
import type { Entry, Fingerprint, RelativePath } from '../../snapshot/entry.ts';
import { parsePath } from '../../snapshot/path-rules.ts';
import { DamageError } from './damage.ts';
import type { ObjectReader } from './object-reader.ts';
import type { Selection } from './selection.ts';

/** A commit of another repository that stands in a tree. */
export interface Gitlink {
  /** In the set. */
  readonly path: RelativePath;
  /** In the repository that holds it, as its `.gitmodules` calls it. */
  readonly within: string;
  readonly oid: string;
}

export interface Listing {
  readonly entries: readonly Entry[];
  /** The links without their text, which `readLinks` reads. */
  readonly links: readonly { readonly path: RelativePath; readonly oid: string }[];
  readonly gitlinks: readonly Gitlink[];
}

export interface ListOptions {
  readonly selection: Selection;
  /** The elements of the path, in the repository, of the tree that is listed. */
  readonly root: readonly string[];
  /** In front of every path: where this repository stands in the set. Empty, or with a trailing slash. */
  readonly mount: string;
  /** A set with more entries is refused at once, before memory goes into it. */
  readonly maxFiles: number;
}

interface TreeItem {
  readonly mode: string;
  readonly name: Buffer;
  readonly oid: string;
}

interface Directory {
  readonly oid: string;
  /** With a trailing slash, or empty. */
  readonly prefix: Buffer;
}

/** What WHERRY_GIT_PATH leads to. */
export type Root =
  | { readonly kind: 'tree'; readonly oid: string }
  | { readonly kind: 'file'; readonly item: TreeItem }
  | {
      readonly kind: 'gitlink';
      readonly path: string;
      readonly oid: string;
      readonly rest: readonly string[];
    };

/** Walks from a tree to what the elements name. Throws `MissingError` that names WHERRY_GIT_PATH. */
export async function findRoot(
  reader: ObjectReader,
  tree: string,
  elements: readonly string[],
): Promise<Root> {
  let oid = tree;
  for (const [index, element] of elements.entries()) {
    reader.ask([oid]);
    const { content } = await reader.expect('tree');
    const wanted = Buffer.from(element);
    const item = [...parseTree(content, oid.length / 2)].find(({ name }) => name.equals(wanted));
    const path = elements.slice(0, index + 1).join('/');
    const last = index === elements.length - 1;
    if (item === undefined) throw noPath(elements, `${JSON.stringify(path)} is not in the repository`);
    if (item.mode === '160000') {
      return { kind: 'gitlink', path, oid: item.oid, rest: elements.slice(index + 1) };
    }
    if (item.mode === '120000') throw noPath(elements, `${JSON.stringify(path)} is a symbolic link there`);
    if (item.mode !== '40000') {
      if (last) return { kind: 'file', item };
      throw noPath(elements, `${JSON.stringify(path)} is a file there`);
    }
    oid = item.oid;
  }
  return { kind: 'tree', oid };
}

export function noPath(elements: readonly string[], found: string): MissingError {
  const path = elements.join('/');
  return new MissingError({
    setting: 'WHERRY_GIT_PATH',
    problem: found.startsWith(`"${path}" `) ? found : `"${path}": ${found}`,
    cure: 'name a directory or file of this revision',
  });
}

/** Lists what the selection takes of a tree, level by level, so that git always has the next trees to read. */
export async function listTree(reader: ObjectReader, root: Root, options: ListOptions): Promise<Listing> {
  const collector = new Collector(options);
  if (root.kind === 'file') collector.take(Buffer.alloc(0), root.item);
  let level: Directory[] = root.kind === 'tree' ? [{ oid: root.oid, prefix: Buffer.alloc(0) }] : [];
  while (level.length > 0) {
    reader.ask(level.map(({ oid }) => oid));
    const next: Directory[] = [];
    for (const { oid, prefix } of level) {
      const { content } = await reader.expect('tree');
      for (const item of parseTree(content, oid.length / 2)) {
        if (item.mode === '40000') {
          next.push({ oid: item.oid, prefix: Buffer.concat([prefix, item.name, slash]) });
        } else collector.take(prefix, item);
      }
    }
    level = next;
  }
  return collector;
}

/** Reads the links' texts. */
export async function readLinks(reader: ObjectReader, links: Listing['links']): Promise<Entry[]> {
  reader.ask(links.map(({ oid }) => oid));
  const entries: Entry[] = [];
  for (const { path } of links) {
    const { content } = await reader.expect('blob');
    entries.push({ kind: 'link', path, target: linkText(path, content) });
  }
  return entries;
}

const slash = Buffer.from('/');

class Collector implements Listing {
  readonly entries: Entry[] = [];
  readonly links: { path: RelativePath; oid: string }[] = [];
  readonly gitlinks: Gitlink[] = [];
  readonly #options: ListOptions;

  constructor(options: ListOptions) {
    this.#options = options;
  }

  take(prefix: Buffer, { mode, name, oid }: TreeItem): void {
    const { selection, mount, maxFiles } = this.#options;
    const raw = Buffer.concat([Buffer.from(mount), prefix, name]);
    const text = raw.toString('utf8');
    if (mode === '160000' ? selection.excludes(text) : !selection.takes(text)) return;
    const path = parsePath(text.includes('\ufffd') ? raw : text);
    switch (mode) {
      case '160000':
        this.gitlinks.push({
          path,
          within: this.#within(Buffer.concat([prefix, name]).toString('utf8')),
          oid,
        });
        return;
      case '120000':
        this.links.push({ path, oid });
        break;
      default:
        this.entries.push({
          kind: 'file',
          path,
          executable: (Number.parseInt(mode, 8) & 0o100) !== 0,
          fingerprint: `git:${oid}` as Fingerprint,
        });
    }
    if (this.entries.length + this.links.length > maxFiles) {
      throw new RefusedError({
        setting: 'WHERRY_MAX_FILES',
        problem: `the set has more than ${maxFiles} files`,
        cure: 'take a part with WHERRY_GIT_PATH or globs, or raise the limit',
      });
    }
  }

  #within(path: string): string {
    return [...this.#options.root, path].join('/');
  }
}

/** A tree object is `<mode> SP <name> NUL <binary oid>`, over and over. */
export function* parseTree(content: Buffer, oidLength: number): Generator<TreeItem, void, void> {
  for (let at = 0; at < content.byteLength; ) {
    const space = content.indexOf(0x20, at);
    const end = content.indexOf(0, space);
    const next = end + 1 + oidLength;
    if (space === -1 || end === -1 || next > content.byteLength) throw new DamageError('a tree is cut short');
    yield {
      // Some old tools wrote a leading zero.
      mode: content.toString('latin1', at, space).replace(/^0+/, ''),
      name: content.subarray(space + 1, end),
      oid: content.toString('hex', end + 1, next),
    };
    at = next;
  }
}

function linkText(path: string, content: Buffer): string {
  const text = content.toString('utf8');
  if (text.includes('\ufffd') && !Buffer.from(text).equals(content)) {
    throw new RefusedError({
      problem: `the symbolic link ${JSON.stringify(path)} points to a path that is not UTF-8`,
      cure: 'change it in the source, or leave it out with WHERRY_EXCLUDE',
    });
  }
  return text;
}
