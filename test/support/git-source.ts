import { expect } from 'vitest';
import { Failure } from '../../src/failure/failure.ts';
import type { Log } from '../../src/platform/log.ts';
import { loadSettings } from '../../src/settings/settings.ts';
import type { Entry, FileEntry, Snapshot } from '../../src/snapshot/entry.ts';
import { createGitSource } from '../../src/sources/git/git-source.ts';
import type { FileSink, Source } from '../../src/sources/source.ts';
import { temporaryDirectory } from './temporary.ts';

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A log that a test can read. */
export class RecordingLog implements Log {
  readonly lines: LogLine[] = [];
  readonly trace = this.#taking('trace');
  readonly debug = this.#taking('debug');
  readonly info = this.#taking('info');
  readonly warn = this.#taking('warn');
  readonly error = this.#taking('error');

  of(level: string): readonly LogLine[] {
    return this.lines.filter((line) => line.level === level);
  }

  #taking(level: string) {
    return (fields: object, message: string) => {
      this.lines.push({ level, fields, message });
    };
  }
}

export interface TestSource {
  readonly source: Source;
  readonly stateDir: string;
  readonly log: RecordingLog;
}

export interface TestSourceOptions {
  /** Without `WHERRY_` and `GIT_`: `{ REF: 'main' }`; a name that starts with `WHERRY_` is taken as it is. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  readonly stateDir?: string;
}

/** The source as the settings of a user make it, disposed of by the test with `await using`. */
export async function gitSource(
  repo: string,
  { settings = {}, env = {}, stateDir }: TestSourceOptions = {},
): Promise<TestSource & AsyncDisposable> {
  const named = Object.entries(settings).map(([name, value]) => [
    name.startsWith('WHERRY_') ? name : `WHERRY_GIT_${name}`,
    value,
  ]);
  const loaded = loadSettings({
    env: { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: repo, ...Object.fromEntries(named) },
    flags: new Map(),
    complete: true,
  });
  const directory = stateDir ?? (await temporaryDirectory());
  const log = new RecordingLog();
  const ambient = { PATH: process.env['PATH'], ...env };
  const source = createGitSource({ settings: loaded.settings, stateDir: directory, env: ambient, log });
  return {
    source,
    stateDir: directory,
    log,
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** A signal that ends a test's call in time. */
export function soon(milliseconds = 30_000): AbortSignal {
  return AbortSignal.timeout(milliseconds);
}

/** Collects what a source writes. */
export class MemorySink implements FileSink {
  readonly files = new Map<string, Buffer>();
  readonly puts: string[] = [];

  async put(file: FileEntry, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    this.puts.push(file.path);
    const chunks: Uint8Array[] = [];
    if (content instanceof Uint8Array) chunks.push(content);
    else for await (const chunk of content) chunks.push(Buffer.from(chunk));
    this.files.set(file.path, Buffer.concat(chunks));
  }
}

export function filesOf(entries: readonly Entry[]): FileEntry[] {
  return entries.filter((entry) => entry.kind === 'file');
}

export interface Taken {
  readonly snapshot: Snapshot;
  /** Contents as text, by path; a link as `-> target`. */
  readonly texts: Readonly<Record<string, string>>;
}

/** A snapshot with all its contents. */
export async function take(source: Source, signal = soon()): Promise<Taken> {
  const snapshot = await source.snapshot(signal);
  const sink = new MemorySink();
  await source.write(filesOf(snapshot.entries), sink, signal);
  const links = snapshot.entries.flatMap((entry) =>
    entry.kind === 'link' ? [[entry.path, `-> ${entry.target}`] as const] : [],
  );
  const contents = [...sink.files].map(([path, bytes]) => [path, bytes.toString('utf8')] as const);
  return { snapshot, texts: Object.fromEntries([...contents, ...links]) };
}

/** What a call fails with; it must be one of the family that users see. */
export async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error, String(error)).toBeInstanceOf(Failure);
  return error as Failure;
}
