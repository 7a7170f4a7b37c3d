import { createHash } from 'node:crypto';
import { MissingError } from '../../src/failure/failure.ts';
import type { Entry, Fingerprint, Provenance, Revision, Snapshot } from '../../src/snapshot/entry.ts';
import type { FileSink } from '../../src/snapshot/file-sink.ts';
import { parsePath } from '../../src/snapshot/path-rules.ts';
import type { Probe, Source } from '../../src/sources/source.ts';

/** A source whose states a test sets; for what is between sources and targets, which no real source could show better. */
export class MemorySource implements Source {
  readonly description = 'memory';
  revision = 'r0' as Revision;
  files: Readonly<Record<string, string>> = {};
  provenance: Provenance | undefined;
  links: Readonly<Record<string, string>> = {};
  failure: Error | undefined;
  /** Paths whose content was asked for, in order. */
  readonly written: string[] = [];
  probes = 0;
  writes = 0;
  /** What it had at each revision; one that is taken out is gone for good. */
  readonly history = new Map<string, Readonly<Record<string, string>>>();

  set(revision: string, files: Readonly<Record<string, string>>): void {
    this.revision = revision as Revision;
    this.files = files;
    this.history.set(revision, files);
  }

  /** The source as it was at a revision, for good. */
  at(revision: Revision): MemorySource {
    const files = this.history.get(revision);
    const past = new MemorySource();
    if (files === undefined) past.failure = new MissingError({ problem: `${revision} is not there` });
    else past.set(revision, files);
    return past;
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    signal.throwIfAborted();
    this.probes += 1;
    if (this.failure !== undefined) throw this.failure;
    return previous === this.revision ? { kind: 'unchanged' } : { kind: 'moved', revision: this.revision };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    signal.throwIfAborted();
    if (this.failure !== undefined) throw this.failure;
    const entries: Entry[] = Object.entries(this.files).map(([path, content]) => ({
      kind: 'file',
      path: parsePath(path),
      executable: path.endsWith('.sh'),
      fingerprint: `memory:${createHash('sha256').update(content).digest('hex')}` as Fingerprint,
    }));
    for (const [path, target] of Object.entries(this.links))
      entries.push({ kind: 'link', path: parsePath(path), target });
    const { revision, provenance } = this;
    return provenance === undefined ? { revision, entries } : { revision, entries, provenance };
  }

  async write(files: Parameters<Source['write']>[0], sink: FileSink, signal: AbortSignal): Promise<void> {
    this.writes += 1;
    for (const file of files) {
      signal.throwIfAborted();
      this.written.push(file.path);
      await sink.put(file, Buffer.from(this.files[file.path] ?? ''));
    }
  }

  async watch(): Promise<AsyncDisposable | undefined> {
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
