import { mkdir, readdir, readlink, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const dataLink = '..data';

/**
 * Writes a volume as the kubelet's AtomicWriter does, in its order, for ConfigMaps, Secrets, projected volumes and the
 * Secrets Store CSI driver: a new directory, one rename of `..data`, visible links, stale links, the old directory.
 */
export class AtomicWriter {
  readonly path: string;
  #count = 0;
  #written: string | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Keys by their paths, which may be nested as `items` may say. An equal payload writes nothing. */
  async write(payload: Readonly<Record<string, string>>): Promise<void> {
    const wanted = JSON.stringify(payload);
    if (wanted === this.#written) return;
    this.#written = wanted;
    const old = await readlink(join(this.path, dataLink)).catch(() => undefined);
    this.#count += 1;
    const name = `..2026_11_22_10_00_00.${String(this.#count).padStart(9, '0')}`;
    await mkdir(join(this.path, name));
    for (const [path, content] of Object.entries(payload)) {
      await mkdir(join(this.path, name, path, '..'), { recursive: true });
      await writeFile(join(this.path, name, path), content);
    }
    await symlink(name, join(this.path, '..data_tmp'));
    await rename(join(this.path, '..data_tmp'), join(this.path, dataLink));
    const visible = new Set(Object.keys(payload).map((path) => path.split('/')[0] ?? path));
    const present = (await readdir(this.path)).filter((entry) => !entry.startsWith('..'));
    for (const entry of visible) {
      if (!present.includes(entry)) await symlink(join(dataLink, entry), join(this.path, entry));
    }
    for (const entry of present) if (!visible.has(entry)) await unlink(join(this.path, entry));
    if (old !== undefined) await rm(join(this.path, old), { recursive: true });
  }
}
