import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../failure/failure.ts';
import { contentFingerprint } from '../snapshot/content-fingerprint.ts';
import type {
  Digest,
  Fingerprint,
  LayerPart,
  Provenance,
  RelativePath,
  Revision,
} from '../snapshot/entry.ts';
import { isSafePath, manifestName } from '../snapshot/path-rules.ts';

export interface ManifestFile {
  readonly path: RelativePath;
  readonly size: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  /** Octal, as `0644`. */
  readonly mode: string;
  /** What the source called this content, so that the next set need not fetch it again. */
  readonly fingerprint: Fingerprint;
  /** Which of several sources it came from. */
  readonly layer?: string;
}

export interface ManifestLink {
  readonly path: RelativePath;
  readonly link: string;
  readonly layer?: string;
}

export type ManifestEntry = ManifestFile | ManifestLink;

/** `.wherry.json` in each generation: what a reader needs to check that it has one whole set. */
export interface Manifest {
  readonly version: 1;
  /** Without credentials. */
  readonly source: string;
  readonly revision: Revision;
  /** Where the revision was, in the source's own terms. */
  readonly provenance?: Provenance;
  /** Of several sources: what each gave, in order of precedence. */
  readonly layers?: readonly LayerPart[];
  /** Over the paths, modes, sizes and contents, and the layers: equal digests, equal sets. */
  readonly digest: Digest;
  readonly sequence: number;
  /** ISO 8601. */
  readonly publishedAt: string;
  /** Octal, as `0755`. */
  readonly dirMode: string;
  readonly files: readonly ManifestEntry[];
}

/**
 * Names the content of a set, whatever source or revision it came from. Of several sources it counts which had what: from
 * that a layer that fails gets its last good part.
 */
export function digestOf(
  entries: readonly ManifestEntry[],
  dirMode: string,
  layers: readonly LayerPart[] = [],
): Digest {
  const hash = createHash('sha256').update(`${dirMode}\n`);
  for (const layer of layers) hash.update(`${shapeOf(layer)}\n`);
  let lines = '';
  for (const entry of entries) {
    const fields =
      'link' in entry ? [entry.path, entry.link] : [entry.path, entry.mode, entry.size, entry.sha256];
    const { layer } = entry;
    lines += `${JSON.stringify(layer === undefined ? fields : [...fields, { layer }])}\n`;
    // A call for each of ten thousand lines would cost more than the hashing.
    if (lines.length < 65_536) continue;
    hash.update(lines);
    lines = '';
  }
  hash.update(lines);
  return `sha256:${hash.digest('hex')}` as Digest;
}

/** Whether two sets are made of layers that have the same names and mounts, and lie over each other alike. */
export function areSameLayers(one: readonly LayerPart[] = [], other: readonly LayerPart[] = []): boolean {
  return one.length === other.length && one.every((layer, index) => shapeOf(layer) === shapeOf(other[index]));
}

function shapeOf(layer: LayerPart | undefined): string {
  return JSON.stringify([layer?.name, layer?.mount, layer?.shadowed ?? []]);
}

/** Whether a published file has this content: by the name its source had for it, or by its digest. */
export function isOfContent(file: ManifestFile, fingerprint: Fingerprint): boolean {
  return file.fingerprint === fingerprint || fingerprint === contentFingerprint(file.sha256);
}

/** The entries with the layers that the paths have now, which need not be those of the set that they were taken from. */
export function attributed(
  entries: readonly ManifestEntry[],
  layerOf: ReadonlyMap<string, string>,
): readonly ManifestEntry[] {
  return entries.map((entry) => {
    const layer = layerOf.get(entry.path);
    if (entry.layer === layer) return entry;
    const { layer: _, ...rest } = entry;
    return layer === undefined ? rest : { ...rest, layer };
  });
}

/** The order in which entries stand in a manifest and count for the digest. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  if (a.path === b.path) return 0;
  return a.path < b.path ? -1 : 1;
}

/**
 * The one that was read last. A change asks for the published one several times, and of a large set each reading takes
 * long; a weak reference holds it only until memory is wanted.
 */
let lastRead: { readonly mark: string; readonly manifest: WeakRef<Manifest> } | undefined;

/** The manifest of a generation; undefined when it has none that can be read: then it is not ours, or not whole. */
export async function readManifest(directory: string): Promise<Manifest | undefined> {
  const path = join(directory, manifestName);
  let text: string;
  let mark: string;
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
    mark = [path, dev, ino, size, mtimeMs, ctimeMs].join('\0');
    const known = lastRead?.mark === mark ? lastRead.manifest.deref() : undefined;
    if (known !== undefined) return known;
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
  const manifest = parseManifest(text);
  if (manifest !== undefined) lastRead = { mark, manifest: new WeakRef(manifest) };
  return manifest;
}

function parseManifest(text: string): Manifest | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return isManifest(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this can be read as a manifest. */
export function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { version, revision, digest, sequence, files, layers = [] } = value as Record<string, unknown>;
  const texts = typeof revision === 'string' && typeof digest === 'string';
  const lists = Array.isArray(files) && Array.isArray(layers);
  return version === 1 && texts && Number.isSafeInteger(sequence) && lists && files.every(isSafeEntry);
}

/** No set has other paths: who follows them writes and removes where they lead. */
function isSafeEntry(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null || !('path' in entry)) return false;
  return typeof entry.path === 'string' && isSafePath(entry.path);
}

/** Files and bytes of a set, for status and metrics. */
export function totalsOf(entries: readonly ManifestEntry[]): { files: number; bytes: number } {
  let bytes = 0;
  for (const entry of entries) if (!('link' in entry)) bytes += entry.size;
  return { files: entries.length, bytes };
}
