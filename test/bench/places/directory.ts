import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Bench } from '../bench.ts';
import { bytesOf, pathOf } from '../content.ts';
import type { Holding, Place } from './place.ts';

/** A local directory, which is watched. */
export async function directory(bench: Bench, holding: Holding): Promise<Place> {
  const path = bench.newPath();
  const aside = bench.newPath();
  const write = async (index: number, version: number) => {
    const file = join(path, pathOf(index));
    await mkdir(dirname(file), { recursive: true });
    await pipeline(bytesOf(holding, index, version), createWriteStream(aside));
    await rename(aside, file);
  };
  for (let index = 0; index < holding.files; index += 1) await write(index, 0);
  return {
    name: 'directory',
    settings: { WHERRY_SOURCE: 'dir', WHERRY_DIR_PATH: path },
    requests: undefined,
    change: (n) => write(n % holding.files, n),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
