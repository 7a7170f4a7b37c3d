import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack as createPack } from 'tar-stream';
import { Content, keyOf } from './objects.ts';

export interface ArchiveOptions {
  readonly files: number;
  /** Of each file. */
  readonly size: number;
  /** From the second version on the file of that number is another. */
  readonly version?: number;
}

/** Writes a `.tar.gz` of generated files. */
export async function writeArchive(
  path: string,
  { files, size, version = 0 }: ArchiveOptions,
): Promise<void> {
  const pack = createPack();
  const written = pipeline(pack, createGzip({ level: 1 }), createWriteStream(path));
  for (let index = 0; index < files; index += 1) {
    const name = keyOf('', index);
    const entry = pack.entry({ name, size, mode: 0o644 });
    const content = new Content(name, size, index === version % files ? version : 0);
    await pipeline(content.read(), entry);
  }
  pack.finalize();
  await written;
}
