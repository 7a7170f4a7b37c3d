import type { Log } from '../../../../src/platform/log.ts';
import { pathFilterOf } from '../../../../src/snapshot/path-filter.ts';
import type { Layout } from '../../../../src/sources/s3/layouts/layout.ts';
import type { PrefixOptions } from '../../../../src/sources/s3/layouts/prefix.ts';
import type { MemoryStore } from '../../../support/memory-store.ts';
import { take } from '../../../support/taking.ts';

export const { signal } = new AbortController();

export function prefixOptions(store: MemoryStore, log: Log): PrefixOptions {
  const filter = () => pathFilterOf({ include: undefined, exclude: undefined });
  const setting = 'WHERRY_S3_PREFIX';
  return { store, prefix: 'conf/', setting, badKeys: 'refuse', filter, maxFiles: 1000, log };
}

/** Lists and fetches as the engine does; what is there is by path. */
export async function read(layout: Layout, given = signal): Promise<Record<string, string>> {
  return { ...(await take(layout, given)).texts };
}
