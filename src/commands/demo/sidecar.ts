import { type ChildProcess, spawn } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StatusDocument } from '../../admin/status.ts';
import { UnexpectedError } from '../../failure/failure.ts';
import { ownEnv } from './child-env.ts';
import { httpGet } from './http-get.ts';
import { named } from './witness.ts';

export interface SidecarOptions {
  /** The start of the command line that runs wherry: `['/usr/bin/node', '/opt/wherry.cjs']`. */
  readonly program: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** What it has in its environment beside them; undefined = what is not foreign to the demo. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Milliseconds that a step may take, on the slowest machine, before the demo gives it up. */
export const stepDeadline = 30_000;
const stopDeadline = 6000;

/** `wherry run` as a child process, configured by its environment, as in a pod. */
export class Sidecar implements AsyncDisposable {
  readonly adminUrl: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #lastLines: string[] = [];
  #failure: string | undefined;

  private constructor(child: ChildProcess, adminUrl: string) {
    this.#child = child;
    this.adminUrl = adminUrl;
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(this.#end(`it could not be started: ${error.message}`)));
      child.once('exit', (code, signal) => resolve(this.#end(`it ended with ${signal ?? code}`)));
    });
    if (child.stderr === null) return;
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#lastLines.push(line);
      if (this.#lastLines.length > 10) this.#lastLines.shift();
    });
  }

  static async start({ program, settings, env = ownEnv(process.env) }: SidecarOptions): Promise<Sidecar> {
    const admin = `127.0.0.1:${await freePort()}`;
    const [command = process.execPath, ...args] = program;
    const child = spawn(command, [...args, 'run'], {
      env: {
        ...env,
        ...settings,
        WHERRY_ADMIN_ADDRESS: admin,
        WHERRY_LOG_FORMAT: 'json',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return new Sidecar(child, `http://${admin}`);
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  /** The last ten lines of its log. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  /** What it says of itself; undefined while it does not answer yet. */
  async status(signal: AbortSignal): Promise<StatusDocument | undefined> {
    if (this.#failure !== undefined) throw this.#unexpected(this.#failure);
    const answer = await httpGet(`${this.adminUrl}/status`, signal);
    return answer?.status === 200 ? (JSON.parse(answer.body) as StatusDocument) : undefined;
  }

  /**
   * Waits until it has done everything that a revision asks for: published and acknowledged it, or refused it and
   * brought the last good set back. Rejects with a failure that quotes its log after half a minute.
   */
  async settled(revision: string, signal: AbortSignal): Promise<StatusDocument> {
    const deadline = performance.now() + stepDeadline;
    for (;;) {
      const status = await this.status(signal);
      if (status !== undefined && hasSettled(status, revision)) return status;
      if (performance.now() > deadline)
        throw this.#unexpected(`it did not finish with ${named(revision)} in ${stepDeadline / 1000} s`);
      await sleep(25, undefined, { signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopDeadline);
    await this.#ended;
    clearTimeout(timer);
  }

  #end(failure: string): void {
    this.#failure = failure;
  }

  #unexpected(problem: string): UnexpectedError {
    const quote = this.#lastLines.length === 0 ? '' : `; its log ends with ${this.#lastLines.join(' ')}`;
    return new UnexpectedError({ problem: `the sidecar: ${problem}${quote}` });
  }
}

function hasSettled({ published, pending, quarantine }: StatusDocument, revision: string): boolean {
  const decided = published?.revision === revision || quarantine?.revision === revision;
  return decided && published !== undefined && !pending;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
