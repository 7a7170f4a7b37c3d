import type { GetAnswer } from '../store/store.ts';

/** Reads a small object whole; undefined when it is larger. */
export async function readBytes(
  { head, body }: Pick<GetAnswer & { kind: 'found' }, 'head' | 'body'>,
  largest: number,
): Promise<Buffer | undefined> {
  if (head.size > largest) return undefined;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > largest) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
