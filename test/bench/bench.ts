import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isolatedGitEnv } from '../../src/commands/demo/git.ts';
import { Sidecar } from '../../src/commands/demo/sidecar.ts';
import { Fixture, type FixtureOptions } from './fixtures.ts';
import { type PeerPaths, peersOf } from './programs/peers.ts';
import type { Program } from './programs/program.ts';
import type { Figure } from './report.ts';
import { installedAws } from './s3/peers.ts';
import { Server } from './server.ts';
import { certificateName } from './tls-front.ts';

export interface Scenario {
  readonly name: string;
  readonly title: string;
  /** It takes too long to be run unless it is named. */
  readonly isSlow?: boolean;
  /** What it cannot do without and is not here; undefined when nothing is missing. */
  readonly needs?: (bench: Bench) => string | undefined;
  run(bench: Bench): Promise<readonly Figure[]>;
}

export interface BenchOptions {
  /** How often each measurement is repeated; undefined = as the scenario likes. */
  readonly runs: number | undefined;
  /** The built program; undefined = that of this work tree. */
  readonly program: string | undefined;
  /** Flags for the Node that runs wherry. */
  readonly nodeFlags: readonly string[];
  readonly peers: PeerPaths;
  readonly signal: AbortSignal;
}

/** As the image sets it. */
const malloc = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TRIM_THRESHOLD_: '65536',
};

const wherry = join(import.meta.dirname, '../../dist/wherry.cjs');

export interface GitServer extends AsyncDisposable {
  /** Of the repository. */
  readonly url: string;
  /** The path of the certificate over HTTPS. */
  readonly certificate: string;
  requests(): Promise<number>;
}

/** A place to work in, and what the scenarios share. */
export class Bench implements AsyncDisposable {
  readonly directory: string;
  /** Without the user's git configuration, settings, credentials and proxies. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** The start of a command line that runs wherry. */
  readonly program: readonly string[];
  /** Programs that do the same, which were named. */
  readonly peers: readonly Program[];
  /** The AWS CLI: that of the peer, or the one that is installed. */
  readonly aws: string | undefined;
  readonly #runs: number | undefined;
  #count = 0;

  private constructor(directory: string, { runs, program, nodeFlags, peers, signal }: BenchOptions) {
    this.directory = directory;
    const foreign = /^(WHERRY_.*|NODE_.*|AWS_.*|(https?|all|no)_proxy)$/i;
    const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
    this.env = isolatedGitEnv(Object.fromEntries(kept), directory);
    this.signal = signal;
    this.program = [process.execPath, ...nodeFlags, program ?? wherry];
    this.peers = peersOf(this, peers);
    this.aws = peers.get('aws-s3-sync') ?? installedAws;
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

  /** Hands out a fresh directory, and removes it afterwards. */
  async within<T>(use: (directory: string) => Promise<T>): Promise<T> {
    const directory = this.newPath();
    await mkdir(directory);
    try {
      return await use(directory);
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  fixture(options: Omit<FixtureOptions, 'directory' | 'run'>): Promise<Fixture> {
    const directory = join(this.newPath(), 'config.git');
    return Fixture.create({ ...options, directory, run: { env: this.env, signal: this.signal } });
  }

  async sidecar(settings: Readonly<Record<string, string>>): Promise<Sidecar> {
    const target = this.newPath();
    await mkdir(target);
    return Sidecar.start({
      program: this.program,
      env: this.env,
      settings: { ...malloc, WHERRY_SOURCE: 'git', WHERRY_TARGET: target, ...settings },
    });
  }

  /** Serves a fixture. */
  async serve({ path }: Fixture, scheme: 'http' | 'https' = 'http'): Promise<GitServer> {
    const script = join(import.meta.dirname, 'server-process.ts');
    const directory = join(path, '..');
    const server = await Server.start({
      script,
      args: [directory, scheme],
      env: this.env,
      signal: this.signal,
    });
    return {
      url: `${server.url}/config.git`,
      certificate: join(directory, certificateName),
      requests: () => server.requests(),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  }
}
