import { RefusedError } from '../failure/failure.ts';
import { Lanes } from '../platform/lanes.ts';
import type { Bucket } from './bucket.ts';

/** An object that a release needs. */
export interface Needed {
  readonly key: string;
  readonly size?: number;
}

export interface LookOptions {
  readonly bucket: Bucket;
  /** Below it all of them lie, or undefined where they may lie anywhere. */
  readonly prefix: string | undefined;
  /** So many requests at once. */
  readonly parallel: number;
}

/** For fewer, asking one by one is quicker than listing. */
const fewObjects = 64;
/** A page of a listing costs as much as asking for so many objects. */
const costOfPage = 12;

/**
 * Which of these objects are not there; each key once. Many are looked for in a listing, as long as it costs no more
 * than asking for each.
 */
export async function missingObjects<T extends Needed>(
  needed: readonly T[],
  { bucket, prefix, parallel }: LookOptions,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const open = new Map(needed.map((object) => [object.key, object]));
  const close = (key: string, size: number) => {
    const object = open.get(key);
    if (object !== undefined && open.delete(key)) checkSize(bucket, object, size);
  };
  if (prefix !== undefined && open.size > fewObjects) {
    let pages = Math.ceil(open.size / costOfPage);
    for await (const page of bucket.list(prefix, signal)) {
      for (const { key, size } of page) close(key, size);
      pages -= 1;
      if (open.size === 0) return [];
      // Only a listing that came to its end shows what is not there.
      if (pages === 0) return askForEach([...open.values()], { bucket, parallel }, signal);
    }
    return [...open.values()];
  }
  return askForEach([...open.values()], { bucket, parallel }, signal);
}

async function askForEach<T extends Needed>(
  needed: readonly T[],
  { bucket, parallel }: Pick<LookOptions, 'bucket' | 'parallel'>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const lanes = new Lanes(parallel);
  const missing: T[] = [];
  for (const object of needed) {
    await lanes.enter(async () => {
      const size = await bucket.sizeOf(object.key, signal);
      if (typeof size === 'number') checkSize(bucket, object, size);
      // Where the credentials may not tell, the write finds out.
      else missing.push(object);
    });
  }
  await lanes.idle();
  return missing;
}

function checkSize({ display }: Bucket, { key, size }: Needed, found: number): void {
  if (size === undefined || found === size) return;
  throw new RefusedError({
    problem: `${JSON.stringify(key)} in ${display} has ${found} bytes, and should have ${size}: something wrote over it`,
    cure: 'remove it and release again; nothing else may write there',
  });
}
