import { createHash } from 'node:crypto';
import { contentFingerprint } from '../../snapshot/content-fingerprint.ts';
import type { Entry, FileEntry, Fingerprint, RelativePath } from '../../snapshot/entry.ts';
import type { PathFilter } from '../../snapshot/path-filter.ts';
import { checkCoexistence } from '../../snapshot/path-rules.ts';
import { type ArchiveLimits, Budget } from './budget.ts';
import { type EntryName, entryName } from './entry-name.ts';
import { ArchiveFault, refusing, shown } from './fault.ts';
import type { ArchiveItem, FileItem } from './item.ts';
import { type ArchiveFile, itemsOf } from './items.ts';

export interface ListOptions {
  readonly filter: Pick<PathFilter, 'takes'>;
  readonly limits: ArchiveLimits;
}

export interface ArchiveListing {
  readonly entries: readonly Entry[];
  /** Of a file that is a hard link in the archive: the name there of the file that has its content. */
  readonly contentOf: ReadonlyMap<RelativePath, string>;
}

/** Up to this a content is kept for all its hard links at once; above it each costs another reading. */
export const wholeUpTo = 256 * 1024;
const mostLinksToLarge = 16;

/**
 * Reads a whole archive, judges all of it, and takes the digest of each content. Rejects with `RefusedError` that
 * names archive, entry and rule.
 */
export async function listArchive(
  archive: ArchiveFile,
  { filter, limits }: ListOptions,
  signal: AbortSignal,
): Promise<ArchiveListing> {
  try {
    const budget = new Budget(limits);
    const collector = new Collector(filter, budget);
    for await (const item of itemsOf(archive, budget, signal)) {
      signal.throwIfAborted();
      await collector.take(item);
    }
    checkCoexistence(collector.entries);
    return collector;
  } catch (error) {
    throw refusing(error, archive.subject);
  }
}

/** An entry that a hard link may name. */
type Known =
  | { readonly kind: 'link'; readonly target: string }
  | (Pick<FileEntry, 'kind' | 'executable' | 'fingerprint'> & {
      readonly source: string;
      readonly size: number;
    });

class Collector implements ArchiveListing {
  readonly entries: Entry[] = [];
  readonly contentOf = new Map<RelativePath, string>();
  readonly #filter: Pick<PathFilter, 'takes'>;
  readonly #budget: Budget;
  readonly #taken = new Set<string>();
  /** Undefined where two entries have the name. */
  readonly #known = new Map<string, Known | undefined>();
  readonly #linksToLarge = new Map<string, number>();

  constructor(filter: Pick<PathFilter, 'takes'>, budget: Budget) {
    this.#filter = filter;
    this.#budget = budget;
  }

  async take(item: ArchiveItem): Promise<void> {
    const name = entryName(item.name);
    if (name.text === '' && item.kind === 'directory') return;
    const path = this.#filter.takes(name.text) ? name.toPath() : undefined;
    if (path !== undefined && item.kind !== 'directory') this.#claim(path, item);
    switch (item.kind) {
      case 'directory':
        return;
      case 'file':
        return this.#takeFile(item, name, path);
      case 'link':
        return this.#takeLink(item, name, path);
      case 'hard-link':
        return this.#takeHardLink(item, name, path);
      case 'special':
        if (path === undefined) return;
        throw new ArchiveFault(`has the entry ${shown(path)}, which is ${item.what}`, {
          cure: 'make it without, or leave it out with WHERRY_EXCLUDE',
        });
    }
  }

  #claim(path: RelativePath, { name }: ArchiveItem): void {
    if (this.#taken.has(path)) throw new ArchiveFault(`has the entry ${shown(path)} twice`);
    this.#taken.add(path);
    this.#budget.file(name);
  }

  async #takeFile(
    item: ArchiveItem & FileItem,
    { text }: EntryName,
    path: RelativePath | undefined,
  ): Promise<void> {
    const { executable, size } = item;
    this.#budget.bytes(size, item.name);
    if (path === undefined && !item.canBeLinked) return;
    const fingerprint = await fingerprintOf(item.content);
    const file = { kind: 'file', executable, fingerprint } as const;
    if (path !== undefined) this.entries.push({ ...file, path });
    this.#know(text, { ...file, source: text, size });
  }

  async #takeLink(
    item: Extract<ArchiveItem, { kind: 'link' }>,
    { text }: EntryName,
    path: RelativePath | undefined,
  ): Promise<void> {
    if (path === undefined) return;
    const bytes = await item.target();
    const target = bytes.toString('utf8');
    if (!Buffer.from(target).equals(bytes)) {
      throw new ArchiveFault(`has the symbolic link ${shown(path)} to a path that is not UTF-8`, {
        cure: 'change it, or leave it out with WHERRY_EXCLUDE',
      });
    }
    this.entries.push({ kind: 'link', path, target });
    this.#know(text, { kind: 'link', target });
  }

  /** A set has no hard links: each becomes a copy. */
  async #takeHardLink(
    item: Extract<ArchiveItem, { kind: 'hard-link' }>,
    { text }: EntryName,
    path: RelativePath | undefined,
  ): Promise<void> {
    const known = this.#known.get(entryName(item.of).text);
    if (path === undefined) {
      if (known !== undefined) this.#know(text, known);
      return;
    }
    if (known === undefined) {
      throw new ArchiveFault(
        `has the hard link ${shown(path)} to ${shown(item.of)}, which is no file before it`,
      );
    }
    this.#know(text, known);
    if (known.kind === 'link') {
      this.entries.push({ ...known, path });
      return;
    }
    const { source, size, ...file } = known;
    this.#budget.bytes(size, item.name);
    this.#checkLinks(source, size);
    this.entries.push({ ...file, path });
    this.contentOf.set(path, source);
  }

  #checkLinks(source: string, size: number): void {
    if (size <= wholeUpTo) return;
    const links = (this.#linksToLarge.get(source) ?? 0) + 1;
    this.#linksToLarge.set(source, links);
    if (links > mostLinksToLarge) {
      throw new ArchiveFault(
        `has more than ${mostLinksToLarge} hard links to the large file ${shown(source)}`,
        {
          cure: 'use symbolic links, or make it with --hard-dereference',
        },
      );
    }
  }

  #know(text: string, known: Known): void {
    this.#known.set(text, this.#known.has(text) ? undefined : known);
  }
}

async function fingerprintOf(content: AsyncIterable<Buffer>): Promise<Fingerprint> {
  const hash = createHash('sha256');
  for await (const piece of content) hash.update(piece);
  return contentFingerprint(hash.digest('hex'));
}
