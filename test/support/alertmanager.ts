import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { temporaryDirectory } from './temporary.ts';

export const goodRoutes = 'route: {receiver: a}\nreceivers: [{name: a}]\n';
export const badRoutes = 'route: {receiver: nope}\nreceivers: [{name: a}]\n';

/** A real Alertmanager on loopback, without a cluster. */
export class Alertmanager implements AsyncDisposable {
  readonly port: number;
  readonly configPath: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, configPath: string) {
    this.#child = child;
    this.port = port;
    this.configPath = configPath;
  }

  /** Resolves when it listens. `prefix`: a path before every other, as behind a proxy. */
  static async start({ prefix = '' }: { readonly prefix?: string } = {}): Promise<Alertmanager> {
    const directory = await temporaryDirectory();
    const configPath = join(directory, 'alertmanager.yml');
    await writeFile(configPath, goodRoutes);
    const child = spawn(
      'prometheus-alertmanager',
      [
        `--config.file=${configPath}`,
        `--storage.path=${join(directory, 'data')}`,
        '--web.listen-address=127.0.0.1:0',
        '--cluster.listen-address=',
        ...(prefix === '' ? [] : [`--web.route-prefix=${prefix}`]),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    return new Alertmanager(child, await portOf(child), configPath);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** It tells in its log which port it got. */
async function portOf({ stderr }: ChildProcess): Promise<number> {
  if (stderr === null) throw new Error('no log');
  const lines: string[] = [];
  for await (const line of createInterface(stderr)) {
    lines.push(line);
    const port = /msg="Listening on" address=127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    stderr.resume();
    return Number(port);
  }
  throw new Error(`alertmanager did not start:\n${lines.join('\n')}`);
}
