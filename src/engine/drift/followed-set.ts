import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { Inventory } from '../../publish/drift/inventory.ts';
import { readOwnManifest, rewriteManifest, sealedAt } from '../../publish/drift/own-manifest.ts';
import type { Generation } from '../../publish/generation.ts';
import type { Manifest } from '../../publish/manifest.ts';
import { onTarget } from '../../publish/target-errors.ts';
import { manifestName } from '../../snapshot/path-rules.ts';
import type { PublishedSet } from '../machine/state.ts';
import type { EngineOptions } from '../options.ts';

/** The published set as it is checked: what is kept in memory of it. */
export class FollowedSet {
  readonly generation: string;
  readonly directory: string;
  readonly root: string;
  readonly inventory: Inventory;
  readonly dirMode: number;
  /** The time of the manifest; what lies beside it and was changed later is not as it was. */
  readonly sealed: number;
  /** Of the manifest's text; undefined: read it, and take it as it is. */
  mark: string | undefined;
  /** The change time at which the manifest was last seen to be well. */
  #manifestAt = Number.NaN;

  private constructor(
    { name, directory, root }: Generation,
    manifest: Manifest,
    { sealed, mark }: { readonly sealed: number; readonly mark: string },
  ) {
    this.generation = name;
    this.directory = directory;
    this.root = root;
    this.inventory = new Inventory(manifest);
    this.dirMode = Number.parseInt(manifest.dirMode, 8);
    this.sealed = sealed;
    this.mark = mark;
  }

  /** Undefined when the generation cannot be believed to be the one that was published, or is gone. */
  static async of(generation: Generation, published: PublishedSet): Promise<FollowedSet | undefined> {
    const { directory } = generation;
    const own = await readOwnManifest(directory, published, undefined);
    if (own === undefined) return undefined;
    try {
      const sealed = await sealedAt(directory);
      return new FollowedSet(generation, own.manifest, { sealed, mark: own.mark });
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined;
      return onTarget(Promise.reject(error));
    }
  }

  /** Files that stay where they are from set to set may have been changed before this one was published. */
  get untouchedSince(): number {
    return this.#staysInPlace ? Number.NEGATIVE_INFINITY : this.sealed;
  }

  /** What was known to be well of the set before is so still, if it was not touched since. */
  takeOver(earlier: FollowedSet): void {
    if (this.#staysInPlace && earlier.root === this.root) this.inventory.takeOver(earlier.inventory);
  }

  /** The manifest, believed; undefined when it is gone or another's. */
  async manifest(published: PublishedSet): Promise<Manifest | undefined> {
    return (await readOwnManifest(this.directory, published, this.mark))?.manifest;
  }

  /** Puts back what it says besides the files. */
  async restoreManifest(
    published: PublishedSet,
    { fileMode, fsync }: EngineOptions['stageOptions'],
  ): Promise<void> {
    const manifest = await this.manifest(published);
    if (manifest === undefined) return;
    const { sequence, revision, publishedAt } = published;
    const text = { ...manifest, sequence, revision, publishedAt };
    const { sealed } = this;
    this.mark = await rewriteManifest(this.directory, text, { fileMode, fsync, sealed });
  }

  get #staysInPlace(): boolean {
    return this.root !== this.directory;
  }

  /** How the manifest is, without reading it unless it was touched. */
  async lookAtManifest(published: PublishedSet): Promise<'well' | 'edited' | 'lost'> {
    const path = join(this.directory, manifestName);
    const stat = await lstat(path).catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
      return onTarget(Promise.reject(error));
    });
    if (stat?.isFile() !== true) return 'lost';
    if (stat.ctimeMs === this.#manifestAt) return 'well';
    const own = await onTarget(readOwnManifest(this.directory, published, this.mark));
    if (own === undefined) return 'lost';
    if (own.isEdited) return 'edited';
    this.#manifestAt = stat.ctimeMs;
    return 'well';
  }
}
