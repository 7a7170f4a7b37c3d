import { resourceLimits } from 'node:worker_threads';

/** What an empty object or array takes in V8, what a place for a value, and the text with its strings. */
const bytesOf = { container: 80, place: 8, text: 2 };

/** No JSON takes more for each of its characters: `[],[],` is the worst. */
const most = 30;

const mebibyte = 1024 * 1024;

/**
 * How many MiB a JSON text would take as values when that is more than this thread may have. JSON.parse stops neither
 * there nor when it is told to, so it must not start.
 */
export function excessOf(bytes: Buffer, heapMiB = resourceLimits.maxOldGenerationSizeMb): number | undefined {
  if (heapMiB === undefined || bytes.byteLength * most <= heapMiB * mebibyte) return undefined;
  let containers = 0;
  let places = 0;
  for (const byte of bytes) {
    if (byte === 0x5b || byte === 0x7b) containers += 1;
    else if (byte === 0x2c) places += 1;
  }
  const values = containers * bytesOf.container + places * bytesOf.place;
  const needed = values + bytes.byteLength * bytesOf.text;
  return needed > heapMiB * mebibyte ? Math.ceil(needed / mebibyte) : undefined;
}
