import type { Entry, FileEntry } from '../snapshot/entry.ts';
import { isOfContent, type Manifest, type ManifestEntry } from './manifest.ts';

export interface StageOptions {
  readonly fileMode: number;
  readonly dirMode: number;
  readonly fsync: boolean;
  readonly maxBytes: number;
}

/** True when publishing these entries would bring what the manifest already has, byte for byte, of the same layers. */
export function isSameSet(entries: readonly Entry[], manifest: Manifest, options: StageOptions): boolean {
  if (entries.length !== manifest.files.length || manifest.dirMode !== octal(options.dirMode)) return false;
  const held = new Map(manifest.files.map((entry) => [entry.path, entry]));
  return entries.every((entry) => {
    const known = held.get(entry.path);
    return entry.layer === known?.layer && isSameEntry(entry, known, options);
  });
}

/** True when what is published at a path is what this entry would bring. */
export function isSameEntry(entry: Entry, known: ManifestEntry | undefined, options: StageOptions): boolean {
  if (known === undefined) return false;
  if (entry.kind === 'link') return 'link' in known && known.link === entry.target;
  const sameContent = !('link' in known) && isOfContent(known, entry.fingerprint);
  return sameContent && known.mode === octal(fileModeOf(entry, options));
}

/** Who may read may also execute what the source marks executable. */
export function fileModeOf({ executable }: FileEntry, { fileMode }: StageOptions): number {
  return executable ? fileMode | ((fileMode & 0o444) >> 2) : fileMode;
}

export function octal(mode: number): string {
  return `0${mode.toString(8).padStart(3, '0')}`;
}
