import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type GitRun, git } from '../../src/commands/demo/git.ts';

export interface FixtureOptions {
  /** The bare repository's directory; it must not exist. */
  readonly directory: string;
  readonly files: number;
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
  static async create({ directory, files, changes, run }: FixtureOptions): Promise<Fixture> {
    await mkdir(directory, { recursive: true });
    const inside = { ...run, cwd: directory };
    await git(['init', '--quiet', '--bare', '.'], inside);
    await git(['symbolic-ref', 'HEAD', 'refs/heads/main'], inside);
    await git(['config', 'uploadpack.allowFilter', 'true'], inside);
    await git(['config', 'transfer.hideRefs', 'refs/bench'], inside);
    const input = [...streamOf(files, changes)].join('');
    await git(['fast-import', '--quiet', '--done'], { ...inside, input });
    return new Fixture(inside);
  }

  async moveTo(revision: string): Promise<void> {
    await git(['update-ref', 'refs/heads/main', revision], this.#run);
  }

  /** The commit that `main` is at. */
  tip(): Promise<string> {
    return git(['rev-parse', 'refs/heads/main'], this.#run);
  }

  /** The commit of the n-th change, from 1 on. */
  revisionOf(change: number): Promise<string> {
    return git(['rev-parse', `refs/bench/${change}`], this.#run);
  }
}

function* streamOf(files: number, changes: number): Generator<string> {
  yield commitHead('refs/heads/main', 'first');
  for (let index = 0; index < files; index += 1) yield fileLine(pathOf(index), contentOf(index, 0));
  for (let change = 1; change <= changes; change += 1) {
    yield `${commitHead(`refs/bench/${change}`, `change ${change}`)}from ${change === 1 ? 'refs/heads/main' : `refs/bench/${change - 1}`}\n`;
    yield fileLine(pathOf(change % files), contentOf(change % files, change));
  }
  yield 'done\n';
}

function commitHead(ref: string, message: string): string {
  return `commit ${ref}\ncommitter bench <bench@wherry.invalid> 1700000000 +0000\ndata ${message.length}\n${message}\n`;
}

function fileLine(path: string, text: string): string {
  return `M 100644 inline ${path}\ndata ${text.length}\n${text}\n`;
}

/** Fifty files a directory, and ten directories in each above, as large configuration trees have. */
function pathOf(index: number): string {
  const directory = Math.floor(index / 50);
  return join(`team-${Math.floor(directory / 10)}`, `part-${directory}`, `file-${index}.yaml`);
}

/** About 1 KiB, different for each file and version. */
function contentOf(index: number, version: number): string {
  const lines = Array.from(
    { length: 24 },
    (_, line) => `key-${line}: value of file ${index} in version ${version}\n`,
  );
  return lines.join('');
}
