import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync } from 'node:fs';
import type { SimpleGitOptions } from 'simple-git';
import { killGroup, spawnGroup } from '../../platform/process-group.ts';
import { DamageError } from './damage.ts';

/** git ended with an error, or could not be started. `stderr` holds no secret: no credential is in git's arguments. */
export class GitError extends Error {
  readonly code: number | null;
  readonly stderr: string;

  constructor(command: string, code: number | null, stderr: string) {
    super(
      `git ${command}: ${lastLines(stderr) || 'it was killed, or ended without a word; is memory short?'}`,
    );
    this.name = 'GitError';
    this.code = code;
    this.stderr = stderr;
  }
}

export interface GitCall {
  readonly args: readonly string[];
  readonly cwd: string;
  /** git's whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface GitWork extends GitCall {
  readonly input?: string;
  /** Called soon after git was started. */
  readonly onStarted?: (() => void) | undefined;
}

/**
 * simple-git guards programs that pass on what strangers wrote. Here every argument and variable is this program's
 * own, so its whole guard is opened at one place.
 */
const unsafe: NonNullable<SimpleGitOptions['unsafe']> = {
  allowUnsafeAlias: true,
  allowUnsafeAskPass: true,
  allowUnsafeCommandBinaries: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeDiffExternal: true,
  allowUnsafeDiffTextConv: true,
  allowUnsafeEditor: true,
  allowUnsafeFilter: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeGitProxy: true,
  allowUnsafeGpgProgram: true,
  allowUnsafeHooksPath: true,
  allowUnsafeInclude: true,
  allowUnsafeMergeDriver: true,
  allowUnsafePack: true,
  allowUnsafePager: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeSshCommand: true,
  allowUnsafeSubmodule: true,
  allowUnsafeTemplateDir: true,
  allowUnsafeUrlRewrite: true,
};

/**
 * Runs git for what it does, without its output. Not through simple-git, which takes 10 ms to be loaded and to start git, and
 * stays: a first set waits for a fetch. Throws as `runGit` does, and `DamageError` when its directory is gone.
 */
export async function runGitAtOnce({ args, cwd, env, input, signal, onStarted }: GitWork): Promise<void> {
  using group = spawnGroup('git', args, { cwd, env, signal });
  const { child, ended } = group;
  child.stdout.resume();
  child.stdin.end(input);
  if (onStarted !== undefined) setImmediate(onStarted);
  const { code, stderr } = await ended.catch((error: unknown) => {
    signal.throwIfAborted();
    // Node says of a missing directory what it says of a missing program.
    if (!existsSync(cwd)) throw new DamageError(`${cwd} was removed`, error);
    return { code: null, stderr: String(error) };
  });
  if (code !== 0) throw new GitError(args[0] ?? '', code, stderr);
}

/**
 * Runs git through simple-git and gives its standard output. Throws `GitError`, or the signal's reason as soon as
 * that is aborted; then git and all that it started are killed.
 */
export async function runGit({ args, cwd, env, signal }: GitCall): Promise<string> {
  signal.throwIfAborted();
  const { simpleGit } = await loadSimpleGit();
  signal.throwIfAborted();
  const group = ownGroup(env, signal);
  let failure: GitError | undefined;
  const git = simpleGit({
    baseDir: cwd,
    allowEnvironment: Object.keys(env),
    unsafe,
    // Only when its pipes are closed is the output whole; and a wait after the exit would cost 50 ms a call.
    completion: { onClose: true, onExit: false },
    errors: (error, { exitCode, stdErr }) => {
      if (exitCode === 0) return undefined;
      failure = new GitError(args[0] ?? '', exitCode, Buffer.concat(stdErr).toString('utf8'));
      return error ?? failure;
    },
  }).env(group.env);
  const work = Promise.resolve(git.raw([...args])).finally(group.release);
  // Whoever waits may have left when an aborted call ends.
  work.catch(() => undefined);
  const aborted = Promise.withResolvers<never>();
  const abort = () => {
    group.kill();
    aborted.reject(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } catch (error) {
    signal.throwIfAborted();
    throw failure ?? error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The part of Node's ChildProcess that its type leaves out. */
interface Startable {
  readonly pid?: number;
  spawn(options: { readonly env?: object }): unknown;
}

/**
 * simple-git cannot start git as the leader of a process group, and gives no access to its child. Node announces
 * every child before it is started: the one that carries the mark in its environment is started detached.
 */
function ownGroup(env: Readonly<Record<string, string>>, signal: AbortSignal) {
  const mark = Symbol('own process group');
  const marked = { ...env, [mark]: true };
  let leader: Startable | undefined;
  const announce = (message: unknown) => {
    const child = (message as { process: Startable }).process;
    const start = child.spawn;
    child.spawn = (options) => {
      child.spawn = start;
      const ours = options.env !== undefined && mark in options.env;
      if (!ours) return start.call(child, options);
      leader = child;
      unsubscribe('child_process', announce);
      const result = start.call(child, { ...options, detached: true } as typeof options);
      if (signal.aborted) killGroup(child.pid);
      return result;
    };
  };
  subscribe('child_process', announce);
  return {
    env: marked,
    kill: () => killGroup(leader?.pid),
    release: () => void unsubscribe('child_process', announce),
  };
}

/** simple-git writes what it starts, environment included, to standard error when DEBUG asks for it: never here. */
async function loadSimpleGit(): Promise<typeof import('simple-git')> {
  const { DEBUG } = process.env;
  if (DEBUG === undefined) return import('simple-git');
  delete process.env['DEBUG'];
  try {
    return await import('simple-git');
  } finally {
    process.env['DEBUG'] = DEBUG;
  }
}

function lastLines(stderr: string): string {
  const lines = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.slice(-3).join(' · ');
}
