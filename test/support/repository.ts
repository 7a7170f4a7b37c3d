import { execFile } from 'node:child_process';
import { chmod, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './temporary.ts';

const exec = promisify(execFile);

export type Files = Readonly<
  Record<string, string | Buffer | { readonly link: string } | { readonly executable: string }>
>;

/** A real repository that a test commits to, bare, with a work tree beside it. */
export class Repository {
  /** The bare repository: what Wherry is pointed at. */
  readonly path: string;
  readonly #work: string;

  private constructor(path: string, work: string) {
    this.path = path;
    this.#work = work;
  }

  static async create(): Promise<Repository> {
    const directory = await temporaryDirectory();
    const repository = new Repository(join(directory, 'repo.git'), join(directory, 'work'));
    await mkdir(repository.#work);
    await repository.git('init', '-q', '--bare', '-b', 'main', repository.path);
    await repository.git('init', '-q', '-b', 'main', '.');
    return repository;
  }

  /** Makes the tree hold exactly these files, commits and pushes. Gives back the commit. */
  async commit(files: Files, ref = 'main'): Promise<string> {
    await this.git('rm', '-rfq', '--ignore-unmatch', '.');
    for (const [path, content] of Object.entries(files)) await this.#write(join(this.#work, path), content);
    await this.git('add', '-A', '-f', '.');
    await this.git('commit', '-q', '--allow-empty', '-m', 'a change');
    await this.git('push', '-qf', this.path, `HEAD:refs/heads/${ref}`);
    return this.git('rev-parse', 'HEAD');
  }

  /** Moves the branch to a commit that is there already, as git does, by a rename. */
  async point(commit: string, ref = 'main'): Promise<void> {
    const path = join(this.path, 'refs/heads', ref);
    await writeFile(`${path}.new`, `${commit}\n`);
    await rename(`${path}.new`, path);
  }

  async git(...args: string[]): Promise<string> {
    const env = {
      PATH: process.env['PATH'],
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_AUTHOR_NAME: 'test',
      GIT_AUTHOR_EMAIL: 'test@example.com',
      GIT_COMMITTER_NAME: 'test',
      GIT_COMMITTER_EMAIL: 'test@example.com',
    };
    const { stdout } = await exec('git', args, { cwd: this.#work, env, maxBuffer: 64 * 1024 ** 2 });
    return stdout.trim();
  }

  async #write(path: string, content: Files[string]): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) await writeFile(path, content);
    else if ('link' in content) {
      await rm(path, { force: true });
      await symlink(content.link, path);
    } else {
      await writeFile(path, content.executable);
      await chmod(path, 0o755);
    }
  }
}
