/** Reads all of it; undefined when it is longer than the limit. */
export async function readUpTo(
  limit: number,
  chunks: AsyncIterable<Uint8Array>,
): Promise<Buffer | undefined> {
  const read: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.byteLength;
    if (length > limit) return undefined;
    read.push(chunk);
  }
  return Buffer.concat(read, length);
}
