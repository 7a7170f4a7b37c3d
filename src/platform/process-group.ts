import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** What a child said on standard error is kept to its last part: enough for a message, no burden when it floods. */
const keptStderr = 16 * 1024;

export interface GroupOptions {
  readonly cwd?: string;
  /** The child's whole environment. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export interface Ended {
  /** null when a signal ended it. */
  readonly code: number | null;
  /** The last 16 KiB. */
  readonly stderr: string;
}

/** A child that leads a process group of its own. Disposal ends the whole group. */
export interface GroupProcess extends Disposable {
  readonly child: ChildProcessWithoutNullStreams;
  /** Rejects when the program cannot be started, or at once with the signal's reason when that is aborted. */
  readonly ended: Promise<Ended>;
}

/** SIGKILLs all processes of the group that `pid` leads. */
export function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

/**
 * Starts a program as the leader of a process group. An abort kills the group, and does not wait for pipes that a
 * grandchild in another group may still hold.
 */
export function spawnGroup(
  command: string,
  args: readonly string[],
  { cwd, env, signal }: GroupOptions,
): GroupProcess {
  signal.throwIfAborted();
  const child = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  if (!hasStreams(child)) {
    child.on('error', () => undefined);
    throw Object.assign(new Error(`${command} cannot be started: too many files are open`), {
      code: 'EMFILE',
    });
  }
  const stderr = keepTail(child);
  // A child that ends early closes its input; its exit code tells why.
  child.stdin.on('error', () => undefined);
  let running = true;
  const end = (reason?: unknown) => {
    if (!running) return;
    running = false;
    killGroup(child.pid);
    const error = reason instanceof Error ? reason : undefined;
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy(error);
  };
  const ended = new Promise<Ended>((resolve, reject) => {
    const abort = () => {
      reject(signal.reason);
      end(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    child.once('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    });
    child.once('close', (code) => {
      running = false;
      signal.removeEventListener('abort', abort);
      resolve({ code, stderr: stderr() });
    });
  });
  // Whoever only reads the output learns of a failure there.
  ended.catch(() => undefined);
  child.stdout.on('error', () => undefined);
  child.stderr.on('error', () => undefined);
  return { child, ended, [Symbol.dispose]: () => end() };
}

/** Runs a program to its end and gives its output, of which it may write so many bytes. */
export async function runGroup(
  command: string,
  args: readonly string[],
  options: GroupOptions & { readonly maxOutput: number },
): Promise<Ended & { readonly stdout: Buffer }> {
  using group = spawnGroup(command, args, options);
  group.child.stdin.end();
  const chunks: Buffer[] = [];
  let length = 0;
  group.child.stdout.on('data', (chunk: Buffer) => {
    length += chunk.byteLength;
    if (length <= options.maxOutput) chunks.push(chunk);
    else group[Symbol.dispose]();
  });
  const ended = await group.ended;
  if (length > options.maxOutput) throw new Error(`${command} wrote more than ${options.maxOutput} bytes`);
  return { ...ended, stdout: Buffer.concat(chunks) };
}

/** Node gives none to a child for which there are no descriptors left; its types do not know. */
function hasStreams({ stdout }: { readonly stdout: unknown }): boolean {
  return stdout !== undefined && stdout !== null;
}

function keepTail(child: ChildProcessWithoutNullStreams): () => string {
  let tail = Buffer.alloc(0);
  child.stderr.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-keptStderr);
  });
  return () => tail.toString('utf8');
}
