import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack as createPack } from 'tar-stream';
import { Content, keyOf } from './objects.ts';

/** Writes a `.tar.gz` of so many generated files, each of that size. */
export async function writeArchive(
  path: string,
  { files, size }: { readonly files: number; readonly size: number },
): Promise<void> {
  const pack = createPack();
  const written = pipeline(pack, createGzip({ level: 1 }), createWriteStream(path));
  for (let index = 0; index < files; index += 1) {
    const name = keyOf('', index);
    const entry = pack.entry({ name, size, mode: 0o644 });
    await pipeline(new Content(name, size).read(), entry);
  }
  pack.finalize();
  await written;
}
