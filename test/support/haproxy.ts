import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { expect } from 'vitest';
import { temporaryDirectory } from './temporary.ts';

const program = '/usr/sbin/haproxy';

export const hasHaproxy = existsSync(program);

/** A real HAProxy, master and worker, on Unix sockets, under a process name that nobody else has. */
export class Haproxy implements AsyncDisposable {
  readonly name: string;
  readonly #directory: string;
  readonly #child: ChildProcess;

  private constructor(directory: string, name: string, child: ChildProcess) {
    this.#directory = directory;
    this.name = name;
    this.#child = child;
  }

  /**
   * Resolves when it answers with `text`, and its master takes commands. `place` puts its first configuration
   * elsewhere than in its own directory, and says where.
   */
  static async start(text: string, place?: (content: string) => Promise<string>): Promise<Haproxy> {
    const directory = await temporaryDirectory();
    const name = `hap-${randomBytes(4).toString('hex')}`;
    const executable = join(directory, name);
    await copyFile(program, executable);
    const content = configOf(directory, text, '');
    let config = join(directory, 'haproxy.cfg');
    if (place === undefined) await writeFile(config, content);
    else config = await place(content);
    const child = spawn(executable, ['-W', '-S', join(directory, 'master.sock'), '-f', config], {
      stdio: 'ignore',
    });
    const haproxy = new Haproxy(directory, name, child);
    await haproxy.answersWith(text);
    await expect.poll(() => haproxy.#takesCommands(), { timeout: 20_000 }).toBe(true);
    return haproxy;
  }

  get masterPid(): number {
    return this.#child.pid ?? 0;
  }

  /** Its master CLI, as a reload URL. */
  get cli(): URL {
    return new URL(`unix://${this.#directory}/master.sock`);
  }

  /** The CLI of its worker, which knows no reload. */
  get workerCli(): URL {
    return new URL(`unix://${this.#directory}/worker.sock`);
  }

  /** Writes the next configuration; `extra` is put in as it stands, right or wrong. */
  async configure(text: string, extra = ''): Promise<void> {
    await writeFile(join(this.#directory, 'haproxy.cfg'), configOf(this.#directory, text, extra));
  }

  /** A configuration for this very process. */
  configuration(text: string, extra = ''): string {
    return configOf(this.#directory, text, extra);
  }

  async get(): Promise<string> {
    const socketPath = join(this.#directory, 'http.sock');
    const request = http.get({ socketPath, path: '/', agent: false });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
    return text;
  }

  async answersWith(text: string): Promise<void> {
    await expect.poll(() => this.get().catch(String), { timeout: 20_000 }).toBe(text);
  }

  /** The master listens later than its worker. */
  async #takesCommands(): Promise<boolean> {
    const socket = net.connect(join(this.#directory, 'master.sock'));
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }

  /** Ends the master as the kernel would, and its workers with it. */
  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }
}

function configOf(directory: string, text: string, extra: string): string {
  return `global
  stats socket ${directory}/worker.sock level admin
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 5s
frontend f
  bind unix@${directory}/http.sock
  http-request return status 200 content-type text/plain string "${text}"
  ${extra}
`;
}
