import { formatSize } from '../../platform/units.ts';
import { ArchiveFault, shown } from './fault.ts';

export interface ArchiveLimits {
  readonly maxFiles: number;
  readonly maxBytes: number;
}

/** Directories and what the globs leave out come on top of the files. */
const entriesFor = (maxFiles: number): number => 4 * maxFiles + 1000;

/** Names and what else describes entries, all together; fifty thousand paths have about five MiB. */
const mostDescribingBytes = 128 * 1024 ** 2;

/** What an archive may unpack to whatever its size, so that a few files of zeros are no bomb… */
const freeBytes = 16 * 1024 ** 2;
/** …and how many times its size beyond that. Configuration packs to a fifth or a twentieth. */
const mostRatio = 200;

/** Counts what an archive unpacks to while it is read, and stops the reading at a limit. */
export class Budget {
  readonly #limits: ArchiveLimits;
  #entries = 0;
  #describing = 0;
  #files = 0;
  #bytes = 0;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  /** One more entry, of any kind. */
  entry(name: Uint8Array): void {
    this.#entries += 1;
    const most = entriesFor(this.#limits.maxFiles);
    if (this.#entries > most) {
      throw new ArchiveFault(`has more than ${most} entries, directories included (at ${shown(name)})`, {
        setting: 'WHERRY_MAX_FILES',
        cure: 'put less into it, or raise the limit',
      });
    }
    this.describing(name.byteLength, name);
  }

  /** So many bytes more that are no content. */
  describing(count: number, name: Uint8Array): void {
    this.#describing += count;
    if (this.#describing > mostDescribingBytes) {
      throw new ArchiveFault(
        `has more than ${formatSize(mostDescribingBytes)} of names and headers (at ${shown(name)})`,
      );
    }
  }

  /** One more file or link that becomes part of the set. */
  file(name: Uint8Array): void {
    this.#files += 1;
    const { maxFiles } = this.#limits;
    if (this.#files > maxFiles) {
      throw new ArchiveFault(`has more than ${maxFiles} files (at ${shown(name)})`, {
        setting: 'WHERRY_MAX_FILES',
        cure: 'take a part with globs, or raise the limit',
      });
    }
  }

  /** So many bytes more of contents. */
  bytes(count: number, name: Uint8Array): void {
    this.#bytes += count;
    const { maxBytes } = this.#limits;
    if (this.#bytes > maxBytes) {
      throw new ArchiveFault(`unpacks to more than ${formatSize(maxBytes)} (at ${shown(name)})`, {
        setting: 'WHERRY_MAX_BYTES',
        cure: 'put less into it, or raise the limit',
      });
    }
  }
}

/** Stops at what only a decompression bomb does: `packed` bytes have given `unpacked` ones so far. */
export function checkRatio(unpacked: number, packed: number): void {
  if (unpacked <= freeBytes + mostRatio * packed) return;
  throw new ArchiveFault(
    `unpacks to more than ${mostRatio} times its size beyond the first ${formatSize(freeBytes)}, as a decompression bomb does`,
    { cure: 'upload it less compressed, for example as a plain .tar, if it is meant' },
  );
}
