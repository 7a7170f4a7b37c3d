import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, UnexpectedError } from '../../failure/failure.ts';

/**
 * An environment in which git sees neither the user's nor the system's configuration, asks nothing, and writes its
 * messages in English. `home` is an empty directory: before 2.32, git knows no other way to be kept from `~/.gitconfig`.
 */
export function isolatedGitEnv(env: NodeJS.ProcessEnv, home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('GIT_'));
  return {
    ...Object.fromEntries(kept),
    HOME: home,
    XDG_CONFIG_HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  };
}

export interface GitRun {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly signal: AbortSignal;
}

/** Runs one git command and gives back its standard output, trimmed. */
export async function git(args: readonly string[], { cwd, env, input, signal }: GitRun): Promise<string> {
  const child = spawn('git', args, { cwd, env, signal, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let complaint = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  // A git that ends early closes its input; its exit status tells why.
  child.stdin.on('error', () => undefined).end(input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0)
    throw new UnexpectedError({ problem: `git ${args[0]} failed (${code}): ${complaint.trim()}` });
  return output.trim();
}

/** Throws a failure that names the cure unless git is there, and can serve a repository over HTTP. */
export async function requireGitServer(run: GitRun): Promise<void> {
  const directory = await git(['--exec-path'], run).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT') throw error;
    throw new UnexpectedError({
      problem: 'the demo needs git, and there is none on the PATH',
      cure: 'install it: apt-get install git, apk add git git-daemon, dnf install git, brew install git',
      cause: error,
    });
  });
  const backend = join(directory, 'git-http-backend');
  await access(backend, constants.X_OK).catch((error: unknown) => {
    throw new UnexpectedError({
      problem: `the demo serves its repository with git http-backend, and ${backend} is missing`,
      cure: 'install the rest of git: apk add git-daemon on Alpine, git-core elsewhere',
      cause: error,
    });
  });
}
