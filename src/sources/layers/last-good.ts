import type { Manifest, ManifestEntry } from '../../publish/manifest.ts';
import type { Entry, RelativePath, Revision } from '../../snapshot/entry.ts';
import type { Mounting } from './mount.ts';

/** What the published set has of a layer. */
export interface LastGood {
  readonly revision: Revision;
  readonly provenance?: Readonly<Record<string, string>>;
  readonly entries: readonly Entry[];
  /** Paths that the layer has too, and whose content is not in the target. */
  readonly shadowed: readonly RelativePath[];
}

/** Undefined when the set is not of this layer, or has it elsewhere. */
export function lastGoodOf(manifest: Manifest | undefined, { name, mount }: Mounting): LastGood | undefined {
  const part = manifest?.layers?.find((layer) => layer.name === name);
  if (manifest === undefined || part === undefined || part.mount !== mount) return undefined;
  const { revision, provenance, shadowed = [] } = part;
  const entries = manifest.files.filter(({ layer }) => layer === name).map(entryOf);
  return { revision, ...(provenance === undefined ? {} : { provenance }), entries, shadowed };
}

/** As a source would list it, so that it is carried over from the published set. */
function entryOf(known: ManifestEntry): Entry {
  const { path, layer = '' } = known;
  if ('link' in known) return { kind: 'link', path, target: known.link, layer };
  const { size, fingerprint, mode } = known;
  const executable = (Number.parseInt(mode, 8) & 0o111) !== 0;
  return { kind: 'file', path, executable, fingerprint, size, layer };
}
