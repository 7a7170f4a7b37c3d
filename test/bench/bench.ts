import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isolatedGitEnv } from '../../src/commands/demo/git.ts';
import { Sidecar } from '../../src/commands/demo/sidecar.ts';
import { Fixture, type FixtureOptions } from './fixtures.ts';
import type { Figure } from './report.ts';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<readonly Figure[]>;
}

export interface BenchOptions {
  /** How often each measurement is repeated; undefined = as the scenario likes. */
  readonly runs: number | undefined;
  /** Flags for the Node that runs wherry. */
  readonly nodeFlags: readonly string[];
  readonly signal: AbortSignal;
}

const wherry = join(import.meta.dirname, '../../dist/wherry.cjs');

/** A place to work in, and what the scenarios share. */
export class Bench implements AsyncDisposable {
  readonly directory: string;
  /** Without the user's git configuration, settings and proxies. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** The start of a command line that runs wherry. */
  readonly program: readonly string[];
  readonly #runs: number | undefined;
  #count = 0;

  private constructor(directory: string, { runs, nodeFlags, signal }: BenchOptions) {
    this.directory = directory;
    const foreign = /^(WHERRY_.*|NODE_.*|(https?|all|no)_proxy)$/i;
    const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
    this.env = isolatedGitEnv(Object.fromEntries(kept), directory);
    this.signal = signal;
    this.program = [process.execPath, ...nodeFlags, wherry];
    this.#runs = runs;
  }

  static async create(options: BenchOptions): Promise<Bench> {
    return new Bench(await mkdtemp(join(tmpdir(), 'wherry-bench-')), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 });
  }

  runs(usual: number): number {
    return this.#runs ?? usual;
  }

  /** A path that does not exist yet. */
  newPath(): string {
    this.#count += 1;
    return join(this.directory, String(this.#count));
  }

  fixture(options: Pick<FixtureOptions, 'files' | 'changes'>): Promise<Fixture> {
    const directory = join(this.newPath(), 'config.git');
    return Fixture.create({ ...options, directory, run: { env: this.env, signal: this.signal } });
  }

  async sidecar(settings: Readonly<Record<string, string>>): Promise<Sidecar> {
    const target = this.newPath();
    await mkdir(target);
    return Sidecar.start({
      program: this.program,
      settings: { WHERRY_SOURCE: 'git', WHERRY_TARGET: target, ...settings },
    });
  }

  /** Serves a fixture over HTTP. */
  async serve({ path }: Fixture): Promise<Server> {
    const child = fork(join(import.meta.dirname, 'server-process.ts'), [join(path, '..')], { env: this.env });
    const [url] = await once(child, 'message', { signal: this.signal });
    return new Server(child, `${url}/config.git`);
  }
}

export class Server implements AsyncDisposable {
  /** Of the repository. */
  readonly url: string;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** How many requests have arrived so far. */
  async requests(): Promise<number> {
    const answer = once(this.#child, 'message');
    this.#child.send('how many?');
    return Number((await answer)[0]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.disconnect();
    await ended;
  }
}
