import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './temporary.ts';

const exec = promisify(execFile);

/** What a path of a commit holds. */
export type Content =
  | string
  | Buffer
  | { readonly link: string }
  | { readonly executable: string }
  | { readonly gitlink: string };

export interface CommitOptions {
  /** Full name of the ref that gets the commit. */
  readonly ref?: string;
  /** Commits that it follows; none makes an orphan. */
  readonly parents?: readonly string[];
}

/** The environment of git in tests: nothing of the machine's own configuration. */
export const plainGit = {
  PATH: process.env['PATH'],
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
};

/** A bare repository that is written by `git fast-import`, so that names of every kind get into it. */
export class GitRepository {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  static async create(
    options: { readonly parent?: string; readonly name?: string; readonly format?: 'sha1' | 'sha256' } = {},
  ): Promise<GitRepository> {
    const { parent = await temporaryDirectory(), name = 'repo.git', format = 'sha1' } = options;
    const repository = new GitRepository(join(parent, name));
    await exec('git', ['init', '-q', '--bare', '-b', 'main', `--object-format=${format}`, repository.path], {
      env: plainGit,
    });
    await appendFile(
      join(repository.path, 'config'),
      '[uploadpack]\n\tallowFilter = true\n[http]\n\treceivepack = true\n',
    );
    return repository;
  }

  /** A commit whose tree holds exactly these paths. Gives back its hash. */
  async commit(files: Readonly<Record<string, Content>>, options: CommitOptions = {}): Promise<string> {
    const { ref = 'refs/heads/main', parents = [] } = options;
    const stream: (string | Buffer)[] = [
      `reset ${ref}\n\n`,
      `commit ${ref}\nmark :1\ncommitter test <test@example.com> ${nextTime()} +0000\ndata 8\na commit\n`,
      ...parents.map((parent, index) => `${index === 0 ? 'from' : 'merge'} ${parent}\n`),
      'deleteall\n',
      ...Object.entries(files).flatMap(([path, content]) => fileLines(path, content)),
      '\nget-mark :1\ndone\n',
    ];
    const output = await this.#import(stream);
    return output.trim();
  }

  /** An annotated tag. */
  async tag(name: string, target: string): Promise<void> {
    await this.git('tag', '-f', '-a', '-m', 'a tag', name, target);
  }

  async updateRef(ref: string, target: string): Promise<void> {
    await this.git('update-ref', ref, target);
  }

  async git(...args: string[]): Promise<string> {
    const { stdout } = await exec('git', args, { cwd: this.path, env: plainGit, maxBuffer: 64 * 1024 ** 2 });
    return stdout.trim();
  }

  async #import(stream: readonly (string | Buffer)[]): Promise<string> {
    const args = ['fast-import', '--quiet', '--done', '--force', '--cat-blob-fd=1'];
    const child = spawn('git', args, { cwd: this.path, env: plainGit, stdio: ['pipe', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stdin.end(
      Buffer.concat(stream.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
    );
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
    return Buffer.concat(chunks).toString('utf8');
  }
}

let time = 1_700_000_000;

/** Two commits of equal content are never the same commit. */
function nextTime(): number {
  time += 1;
  return time;
}

function fileLines(path: string, content: Content): (string | Buffer)[] {
  const name = quote(path);
  if (typeof content === 'object' && 'gitlink' in content) return [`M 160000 ${content.gitlink} ${name}\n`];
  const [mode, data] =
    typeof content === 'string' || Buffer.isBuffer(content)
      ? ['100644', content]
      : 'link' in content
        ? ['120000', content.link]
        : ['100755', content.executable];
  const bytes = Buffer.from(data as string);
  return [`M ${mode} inline ${name}\ndata ${bytes.byteLength}\n`, bytes, '\n'];
}

/** git's C-style quoting. */
function quote(path: string): string {
  const escaped = [...Buffer.from(path)].map((byte) =>
    byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c
      ? `\\${byte.toString(8).padStart(3, '0')}`
      : String.fromCharCode(byte),
  );
  return `"${escaped.join('')}"`;
}
