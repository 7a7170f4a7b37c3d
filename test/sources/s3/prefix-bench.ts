import type { Log } from '../../../src/platform/log.ts';
import type { FileEntry } from '../../../src/snapshot/entry.ts';
import { pathFilterOf } from '../../../src/snapshot/path-filter.ts';
import type { Layout } from '../../../src/sources/s3/layouts/layout.ts';
import type { PrefixOptions } from '../../../src/sources/s3/layouts/prefix.ts';
import type { FileSink } from '../../../src/sources/source.ts';
import type { MemoryStore } from '../../support/memory-store.ts';

export const { signal } = new AbortController();

export function prefixOptions(store: MemoryStore, log: Log): PrefixOptions {
  const filter = () => pathFilterOf({ include: undefined, exclude: undefined });
  const setting = 'WHERRY_S3_PREFIX';
  return { store, prefix: 'conf/', setting, badKeys: 'refuse', filter, maxFiles: 1000, log };
}

/** Keeps contents by path. */
export class MemorySink implements FileSink {
  readonly contents: Record<string, string> = {};
  /** How each came. */
  readonly streamed = new Set<string>();

  async put({ path }: FileEntry, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const parts: Uint8Array[] = [];
    if (content instanceof Uint8Array) parts.push(content);
    else {
      this.streamed.add(path);
      for await (const part of content) parts.push(part);
    }
    this.contents[path] = Buffer.concat(parts).toString();
  }
}

/** Lists and fetches as the engine does; what is there is by path. */
export async function read(layout: Layout, given = signal): Promise<Record<string, string>> {
  const { entries } = await layout.snapshot(given);
  const sink = new MemorySink();
  await layout.write(
    entries.filter((entry) => entry.kind === 'file'),
    sink,
    given,
  );
  return sink.contents;
}
