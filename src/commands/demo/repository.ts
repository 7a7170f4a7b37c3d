import { mkdir } from 'node:fs/promises';
import { type GitRun, git } from './git.ts';

/** File names and their new contents. */
export type Change = Readonly<Record<string, string>>;

export interface Push {
  /** The commit's full hash. */
  readonly revision: string;
  /** The `performance.now()` just before the branch moved. */
  readonly at: number;
}

/** A bare repository with a branch `main`, written to without a work tree. */
export class Repository {
  readonly #run: GitRun;

  private constructor(run: GitRun) {
    this.#run = run;
  }

  static async create(directory: string, run: Omit<GitRun, 'cwd'>): Promise<Repository> {
    await mkdir(directory);
    const inside = { ...run, cwd: directory };
    await git(['init', '--quiet', '--bare', '.'], inside);
    await git(['symbolic-ref', 'HEAD', branch], inside);
    // Lets whoever clones it push as well, without a login.
    await git(['config', 'http.receivepack', 'true'], inside);
    await git(['config', 'transfer.hideRefs', 'refs/demo'], inside);
    return new Repository(inside);
  }

  /** Makes a commit on top of the branch, and then moves the branch to it, as a push does. */
  async commit(message: string, change: Change): Promise<Push> {
    const stream = commitStream(message, change, await this.tip());
    await git(['fast-import', '--quiet', '--force'], { ...this.#run, input: stream });
    const revision = await git(['rev-parse', staged], this.#run);
    const at = performance.now();
    await git(['update-ref', branch, revision], this.#run);
    return { revision, at };
  }

  /** The commit that the branch is at; undefined before the first one. */
  async tip(): Promise<string | undefined> {
    const hash = await git(['for-each-ref', '--format=%(objectname)', branch], this.#run);
    return hash === '' ? undefined : hash;
  }

  /** The first line of a commit's message. */
  subject(revision: string): Promise<string> {
    return git(['log', '-1', '--format=%s', revision], this.#run);
  }
}

const branch = 'refs/heads/main';
/** Where a commit is made before the branch moves to it; hidden from those who fetch. */
const staged = 'refs/demo/staged';

/** The commit in the language of `git fast-import`: blobs, tree and commit by one process. */
function commitStream(message: string, change: Change, parent: string | undefined): string {
  const when = `${Math.floor(Date.now() / 1000)} +0000`;
  const files = Object.entries(change).map(([path, text]) => `M 100644 inline ${path}\n${data(text)}\n`);
  return [
    `commit ${staged}\n`,
    `committer Wherry demo <demo@wherry.invalid> ${when}\n`,
    `${data(message)}\n`,
    parent === undefined ? '' : `from ${parent}\n`,
    ...files,
    'done\n',
  ].join('');
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}`;
}
