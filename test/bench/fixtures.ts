import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type GitRun, git } from '../../src/commands/demo/git.ts';
import { bytesOf, pathOf, type Tree } from './content.ts';

export interface FixtureOptions extends Tree {
  /** The bare repository's directory; it must not exist. */
  readonly directory: string;
  /** Commits after the first, each with one changed file; `refs/bench/1` is the first of them. */
  readonly changes: number;
  readonly run: Omit<GitRun, 'cwd'>;
}

/** A repository on disk that a branch `main` is moved in. */
export class Fixture {
  readonly path: string;
  readonly #run: GitRun;

  private constructor(run: GitRun) {
    this.path = run.cwd;
    this.#run = run;
  }

  /** The same content for the same numbers, whenever and wherever it is made. */
  static async create({ directory, changes, run, ...tree }: FixtureOptions): Promise<Fixture> {
    await mkdir(directory, { recursive: true });
    const inside = { ...run, cwd: directory };
    await git(['init', '--quiet', '--bare', '.'], inside);
    await git(['symbolic-ref', 'HEAD', 'refs/heads/main'], inside);
    await git(['config', 'uploadpack.allowFilter', 'true'], inside);
    await git(['config', 'transfer.hideRefs', 'refs/bench'], inside);
    if (tree.size !== undefined) {
      // Large files travel as large as they are, and the server looks for no likeness between them.
      await git(['config', 'core.compression', '0'], inside);
      await git(['config', 'core.bigFileThreshold', '1m'], inside);
    }
    await fastImport(streamOf(tree, changes), inside);
    return new Fixture(inside);
  }

  async moveTo(revision: string): Promise<void> {
    await git(['update-ref', 'refs/heads/main', revision], this.#run);
  }

  /** The commit that `main` is at. */
  tip(): Promise<string> {
    return git(['rev-parse', 'refs/heads/main'], this.#run);
  }

  /** The commits of the changes, in turn. */
  async revisions(): Promise<readonly string[]> {
    const named = await git(
      ['for-each-ref', '--format=%(refname:lstrip=2) %(objectname)', 'refs/bench'],
      this.#run,
    );
    const pairs = named.split('\n').map((line) => line.split(' '));
    return pairs.toSorted(([a], [b]) => Number(a) - Number(b)).map(([, revision = '']) => revision);
  }
}

async function fastImport(
  stream: Iterable<string | Uint8Array>,
  { cwd, env, signal }: GitRun,
): Promise<void> {
  const args = ['fast-import', '--quiet', '--done'];
  const child = spawn('git', args, { cwd, env, signal, stdio: ['pipe', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  await pipeline(Readable.from(stream), child.stdin);
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}

function* streamOf(tree: Tree, changes: number): Generator<string | Uint8Array> {
  yield commitHead('refs/heads/main', 'first');
  for (let index = 0; index < tree.files; index += 1) yield* fileOf(tree, index, 0);
  for (let change = 1; change <= changes; change += 1) {
    yield `${commitHead(`refs/bench/${change}`, `change ${change}`)}from ${change === 1 ? 'refs/heads/main' : `refs/bench/${change - 1}`}\n`;
    yield* fileOf(tree, change % tree.files, change);
  }
  yield 'done\n';
}

function commitHead(ref: string, message: string): string {
  return `commit ${ref}\ncommitter bench <bench@wherry.invalid> 1700000000 +0000\ndata ${message.length}\n${message}\n`;
}

function* fileOf(tree: Tree, index: number, version: number): Generator<string | Uint8Array> {
  const bytes = [...bytesOf(tree, index, version)];
  const length = bytes.reduce((sum, { byteLength }) => sum + byteLength, 0);
  yield `M 100644 inline ${pathOf(index)}\ndata ${length}\n`;
  yield* bytes;
  yield '\n';
}
