import { writeFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fsyncAll, manyFiles } from '../platform/flush.ts';
import { Lanes } from '../platform/lanes.ts';
import { Pace } from '../platform/pace.ts';
import type { Entry, FileEntry } from '../snapshot/entry.ts';
import type { FileSink } from '../snapshot/file-sink.ts';
import { tooLarge } from '../snapshot/guard-rails.ts';
import { manifestName } from '../snapshot/path-rules.ts';
import { carryUnchanged } from './carry.ts';
import { closeDirectory, fillingMode, removeTree } from './closed-directories.ts';
import {
  attributed,
  byPath,
  digestOf,
  type Manifest,
  type ManifestEntry,
  type ManifestFile,
} from './manifest.ts';
import { fileModeOf, octal, type StageOptions } from './same-set.ts';
import { onTarget } from './target-errors.ts';
import {
  copyChecked,
  type Written,
  writeAtOnce,
  writeStream,
  writeThrough,
  writeWhole,
} from './write-file.ts';

/** What a manifest says of a set besides its files. */
export type ManifestHead = Pick<
  Manifest,
  'source' | 'revision' | 'provenance' | 'layers' | 'sequence' | 'publishedAt'
>;

const parallel = 16;

/**
 * The next generation while it is made: a directory beside the published one, which readers have no name for. What
 * is not sealed and published is removed on disposal.
 */
export class Stage implements FileSink, AsyncDisposable {
  readonly directory: string;
  readonly #options: StageOptions;
  readonly #lanes = new Lanes(parallel);
  readonly #pace = new Pace();
  readonly #entries: ManifestEntry[] = [];
  readonly #directories = new Set<string>();
  #bytes = 0;
  /** A small set's files are made durable one by one as they are written, a large one's all at once in the end. */
  #flushEach = false;
  /** Paths whose content is complete, but not durable yet. */
  readonly #unflushed: string[] = [];
  #keep = false;

  private constructor(directory: string, options: StageOptions) {
    this.directory = directory;
    this.#options = options;
  }

  static async create(directory: string, options: StageOptions): Promise<Stage> {
    await onTarget(mkdir(directory, { mode: fillingMode(options.dirMode) }));
    return new Stage(directory, options);
  }

  /** Makes every directory of the set, and its symbolic links. */
  async prepare(entries: readonly Entry[]): Promise<void> {
    this.#flushEach = this.#options.fsync && entries.length < manyFiles;
    for (const { path } of entries) if (!this.#hasParent(path)) await this.#makeParents(path);
    for (const entry of entries) {
      if (entry.kind !== 'link') continue;
      await onTarget(symlink(entry.target, join(this.directory, entry.path)));
      this.#entries.push({ path: entry.path, link: entry.target });
    }
  }

  /** Copies what the current generation already has, and gives back the files that the source must write. */
  carryOver(
    files: readonly FileEntry[],
    directory: string,
    manifest: Pick<Manifest, 'files'>,
    trustedUntil?: number,
  ): Promise<FileEntry[]> {
    const onCarried = (file: ManifestFile) => {
      this.#count(file.size);
      this.#entries.push(file);
      this.#unflushed.push(file.path);
    };
    const modeOf = (file: FileEntry) => octal(fileModeOf(file, this.#options));
    return onTarget(
      carryUnchanged(files, {
        from: directory,
        to: this.directory,
        manifest,
        trustedUntil,
        modeOf,
        onCarried,
      }),
    );
  }

  /** These belong to the set, and are in the target already: nothing is read or written for them. */
  leave(entries: readonly ManifestEntry[]): void {
    for (const entry of entries) {
      if (!('link' in entry)) this.#count(entry.size);
      this.#entries.push(entry);
    }
  }

  /** Copies every file of a retained generation, each checked against its digest. */
  copyAll(directory: string, { files }: Pick<Manifest, 'files'>, signal: AbortSignal): Promise<void> {
    return this.copyEntries(files, (entry) => join(directory, entry.path), signal);
  }

  /** The same for files that lie in several places. */
  async copyEntries(
    entries: readonly ManifestEntry[],
    placeOf: (entry: ManifestFile) => string,
    signal: AbortSignal,
  ): Promise<void> {
    this.#flushEach = this.#options.fsync && entries.length < manyFiles;
    for (const entry of entries) {
      signal.throwIfAborted();
      if (!this.#hasParent(entry.path)) await this.#makeParents(entry.path);
      if ('link' in entry) {
        await onTarget(symlink(entry.link, join(this.directory, entry.path)));
        this.#entries.push(entry);
      } else await this.#lanes.enter(() => this.#copyChecked(entry, placeOf(entry)));
    }
    await this.#lanes.idle();
  }

  async put(file: FileEntry, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const path = this.#pathOf(file);
    const mode = fileModeOf(file, this.#options);
    const writing = { mode, flush: this.#flushEach };
    const record = (written: Written) => this.#record(file, mode, written);
    if (!(content instanceof Uint8Array)) {
      const onBytes = (bytes: number) => this.#count(bytes);
      return record(await writeStream(path, content, { ...writing, onBytes }));
    }
    this.#count(content.byteLength);
    const pace = this.#pace;
    if (!pace.isQuick) await this.#lanes.enter(async () => record(await writeWhole(path, content, writing)));
    // To wait for a disk is nothing to do at once.
    else if (this.#flushEach)
      await this.#lanes.enter(async () => record(await writeThrough(path, content, mode, pace)));
    else await onTarget(pace.act(() => record(writeAtOnce(path, content, mode))));
  }

  /** What it holds, when all of it is there. */
  async complete(): Promise<readonly ManifestEntry[]> {
    await this.#lanes.idle();
    return this.#entries;
  }

  /**
   * Writes the manifest, last of all, and makes everything durable. The stage is then ready to be published. `layerOf`
   * has the layers of the paths; without it each entry keeps its own.
   */
  async seal(head: ManifestHead, layerOf?: ReadonlyMap<string, string>): Promise<Manifest> {
    await this.#lanes.idle();
    const entries = layerOf === undefined ? this.#entries : attributed(this.#entries, layerOf);
    const files = entries.toSorted(byPath);
    const dirMode = octal(this.#options.dirMode);
    const manifest: Manifest = {
      version: 1,
      ...head,
      digest: digestOf(files, dirMode, head.layers),
      dirMode,
      files,
    };
    const path = join(this.directory, manifestName);
    const finish = async () => {
      writeFileSync(path, `${JSON.stringify(manifest)}\n`, { flag: 'wx', mode: this.#options.fileMode });
      await this.#close();
      if (this.#options.fsync) await this.#flush();
    };
    await onTarget(finish());
    return manifest;
  }

  /** From now on the directory is a generation, and stays. */
  keep(): void {
    this.#keep = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#keep) return;
    await this.#lanes.idle().catch(() => undefined);
    // What cannot be removed now is collected later.
    await removeTree(this.directory).catch(() => undefined);
  }

  /** Directories that nobody is to write into are closed when all is in them. */
  async #close(): Promise<void> {
    const { dirMode } = this.#options;
    if (fillingMode(dirMode) === dirMode) return;
    for (const path of ['.', ...this.#directories]) await closeDirectory(join(this.directory, path), dirMode);
  }

  async #flush(): Promise<void> {
    const names = [...this.#unflushed, manifestName, ...this.#directories];
    const paths = names.map((path) => join(this.directory, path));
    await fsyncAll([...paths, this.directory], this.directory);
  }

  async #copyChecked(entry: ManifestFile, from: string): Promise<void> {
    await copyChecked(from, this.#pathOf(entry), entry, this.#flushEach);
    if (!this.#flushEach) this.#unflushed.push(entry.path);
    this.#entries.push(entry);
  }

  #record({ path, fingerprint }: FileEntry, mode: number, written: Written): void {
    if (!this.#flushEach) this.#unflushed.push(path);
    this.#entries.push({ path, ...written, mode: octal(mode), fingerprint });
  }

  /** Paths of a set are plain: nothing in them is to be resolved. */
  #pathOf({ path }: { readonly path: string }): string {
    return `${this.directory}/${path}`;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#options.maxBytes) throw tooLarge(this.#options.maxBytes);
  }

  #hasParent(path: string): boolean {
    const end = path.lastIndexOf('/');
    return end === -1 || this.#directories.has(path.slice(0, end));
  }

  async #makeParents(path: string): Promise<void> {
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      const parent = path.slice(0, end);
      if (this.#directories.has(parent)) continue;
      await onTarget(mkdir(join(this.directory, parent), { mode: fillingMode(this.#options.dirMode) }));
      this.#directories.add(parent);
    }
  }
}
