import { readUpTo } from '../../../platform/read-up-to.ts';
import type { GetAnswer } from '../store/store.ts';

/** Reads a small object whole; undefined when it is larger. */
export async function readBytes(
  { head, body }: Pick<GetAnswer & { kind: 'found' }, 'head' | 'body'>,
  largest: number,
): Promise<Buffer | undefined> {
  return head.size > largest ? undefined : readUpTo(largest, body);
}
