import type { Entry, FileEntry, RelativePath } from '../../snapshot/entry.ts';
import { parsePath } from '../../snapshot/path-rules.ts';

/** Where the entries of a layer lie in the set, and whose they are. */
export interface Mounting {
  readonly name: string;
  /** Empty = the root of the set. */
  readonly mount: string;
}

/** The entry as it is in the set. Throws `RefusedError` when its path becomes too long there. */
export function inSet(entry: Entry, { name, mount }: Mounting): Entry {
  return mount === ''
    ? { ...entry, layer: name }
    : { ...entry, path: parsePath(`${mount}/${entry.path}`), layer: name };
}

/** The file as its layer's source knows it. */
export function inSource({ layer: _, ...file }: FileEntry, { mount }: Mounting): FileEntry {
  return mount === '' ? file : { ...file, path: file.path.slice(mount.length + 1) as RelativePath };
}
