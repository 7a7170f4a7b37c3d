import type { Budget } from '../budget.ts';
import { ByteQueue } from '../byte-queue.ts';
import { notATar } from '../content-kind.ts';
import { ArchiveFault, shown } from '../fault.ts';
import { type ArchiveItem, type ItemKind, isExecutable } from '../item.ts';
import { decodePax, type Overrides, sparse } from './pax.ts';
import { blockSize, decodeHeader, isZero, type TarHeader, text } from './tar-header.ts';

/** A path has 4 KiB at most, but extended attributes may stand beside it. */
const longestExtension = 1024 ** 2;

/**
 * The entries of a tar (V7, POSIX with extended headers, GNU with long names), one after the other. It is strict
 * where programs disagree on what an archive holds: a damaged extended header, content after the end mark, no end
 * mark, content of something that has none.
 */
export async function* readTar(
  chunks: AsyncIterable<Buffer>,
  budget: Budget,
): AsyncGenerator<ArchiveItem, void, void> {
  await using queue = new ByteQueue(chunks);
  let overrides: Overrides = {};
  for (let isFirst = true; ; isFirst = false) {
    const block = await queue.next(blockSize);
    if (block === undefined) throw new ArchiveFault('is cut short: it has no end mark');
    if (isZero(block)) break;
    const header = decodeHeader(block);
    if (header === undefined) throw isFirst ? notATar(block) : new ArchiveFault('has a damaged header');
    const extension = await readExtension(header, queue, budget);
    if (extension !== undefined) {
      overrides = merged(overrides, extension);
      continue;
    }
    const { size, ...item } = itemOf({ ...header, ...overrides });
    budget.entry(item.name);
    overrides = {};
    if (item.kind !== 'file') {
      yield item;
      continue;
    }
    const content = new Content(queue, size);
    yield { ...item, size, content };
    await content.skip();
  }
  if (Object.keys(overrides).length > 0) throw new ArchiveFault('ends after an extended header');
  await readEnd(queue);
}

/** The content of one file: what its reader leaves is passed over. */
class Content implements AsyncIterable<Buffer> {
  readonly #queue: ByteQueue;
  readonly #padding: number;
  #left: number;

  constructor(queue: ByteQueue, size: number) {
    this.#queue = queue;
    this.#left = size;
    this.#padding = paddingOf(size);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, void> {
    for await (const piece of this.#queue.stream(this.#left)) {
      this.#left -= piece.byteLength;
      yield piece;
    }
  }

  async skip(): Promise<void> {
    for await (const _ of this.#queue.stream(this.#left + this.#padding));
  }
}

/** What extends the next header; undefined when this is not such a one. */
async function readExtension(
  { type, size }: TarHeader,
  queue: ByteQueue,
  budget: Budget,
): Promise<Overrides | undefined> {
  if (!['x', 'g', 'L', 'K'].includes(type)) return undefined;
  if (size > longestExtension) throw new ArchiveFault(`has an extended header of ${size} bytes`);
  const name = Buffer.from('an extended header');
  budget.entry(name);
  budget.describing(size, name);
  const content = (await queue.bytes(size + paddingOf(size))).subarray(0, size);
  if (type === 'L') return { name: text(content, 0, size) };
  if (type === 'K') return { linkName: text(content, 0, size) };
  const overrides = decodePax(content);
  if (type === 'x') return overrides;
  // A comment, such as git-archive's, is all that makes sense for every entry.
  if (Object.keys(overrides).length > 0) {
    throw new ArchiveFault('has a global header that gives every entry the same name or size');
  }
  return {};
}

/** One may give the name and another the link's, but which of two names counts is not agreed upon. */
function merged(before: Overrides, next: Overrides): Overrides {
  const isAgain = Object.keys(next).some((key) => key in before);
  if (isAgain) throw new ArchiveFault('has two extended headers for one entry');
  return { ...before, ...next };
}

type SizedItem = { readonly name: Buffer; readonly size: number } & (
  | Exclude<ItemKind, { kind: 'file' }>
  | { readonly kind: 'file'; readonly executable: boolean; readonly canBeLinked: true }
);

function itemOf({ type, name, linkName, mode, size }: TarHeader): SizedItem {
  // Before there was a type for it, a directory was a file with a slash.
  const isDirectory = type === '5' || ('07'.includes(type) && name.at(-1) === 0x2f);
  if (!isDirectory && '07'.includes(type)) {
    return { name, size, kind: 'file', executable: isExecutable(mode), canBeLinked: true };
  }
  if (type === 'S') throw sparse();
  // Some programs read that content as the next header, others pass over it.
  if (size > 0) throw new ArchiveFault(`has the entry ${shown(name)}, which is no file but has content`);
  if (isDirectory) return { name, size, kind: 'directory' };
  if (type === '1') return { name, size, kind: 'hard-link', of: linkName };
  if (type === '2') return { name, size, kind: 'link', target: async () => linkName };
  return { name, size, kind: 'special', what: specials[type] ?? `of the unknown type ${shown(type)}` };
}

const specials: Readonly<Record<string, string>> = {
  '3': 'a character device',
  '4': 'a block device',
  '6': 'a FIFO',
};

/** After the first block of zeros there is nothing but zeros. */
async function readEnd(queue: ByteQueue): Promise<void> {
  for await (const piece of queue.rest()) {
    if (!isZero(piece)) {
      throw new ArchiveFault('goes on after its end mark', {
        cure: 'make it in one go: tar --append and --concatenate work, cat does not',
      });
    }
  }
}

function paddingOf(size: number): number {
  return (blockSize - (size % blockSize)) % blockSize;
}
