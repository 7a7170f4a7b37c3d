import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import { systemCode } from '../../src/failure/failure.ts';
import { ask } from './http-client.ts';
import { temporaryDirectory } from './temporary.ts';

/** Whether Debian's package of that name is here: `prometheus`, `promtool`. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export const goodConfig = 'global: {scrape_interval: 15s}\n';
export const badConfig = 'global: {scrape_interval: banana}\n';

export interface PrometheusOptions {
  /** The configuration at the start, written below the directory. */
  readonly config?: string;
  /** Where `prometheus.yml` is; a directory of the test's own unless it is given. */
  readonly configDirectory?: string;
  readonly lifecycle?: boolean;
  /** A free one unless it is given. */
  readonly port?: number;
  /** Its database does not get ready before `openDatabase`: there is a pipe in the place of its log. */
  readonly holdsDatabase?: boolean;
}

/** A real Prometheus on loopback. */
export class Prometheus implements AsyncDisposable {
  readonly port: number;
  readonly configPath: string;
  readonly #child: ChildProcess;
  readonly #data: string;

  private constructor(child: ChildProcess, port: number, configPath: string, data: string) {
    this.#child = child;
    this.port = port;
    this.configPath = configPath;
    this.#data = data;
  }

  /** Resolves when it is ready; until then a reload would only wait. With a held database: when it listens. */
  static async start({
    config = goodConfig,
    configDirectory,
    lifecycle = true,
    port: wanted = 0,
    holdsDatabase = false,
  }: PrometheusOptions = {}): Promise<Prometheus> {
    const directory = await temporaryDirectory();
    const configPath = join(configDirectory ?? directory, 'prometheus.yml');
    if (configDirectory === undefined) await writeFile(configPath, config);
    const data = join(directory, 'data');
    await mkdir(join(data, 'wal'), { recursive: true });
    if (holdsDatabase) execFileSync('mkfifo', [firstSegment(data)]);
    const child = spawn(
      'prometheus',
      [
        `--config.file=${configPath}`,
        `--storage.tsdb.path=${data}`,
        `--web.listen-address=127.0.0.1:${wanted}`,
        ...(lifecycle ? ['--web.enable-lifecycle'] : []),
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const port = await portOf(child, !holdsDatabase);
    return new Prometheus(child, port, configPath, data);
  }

  /** Lets a held database start: whenever Prometheus opens the pipe, it finds it empty. */
  async openDatabase(): Promise<void> {
    await expect.poll(() => this.#endPipe(), { timeout: 30_000, interval: 20 }).toBe(200);
  }

  async #endPipe(): Promise<number> {
    try {
      const pipe = await open(firstSegment(this.#data), constants.O_WRONLY | constants.O_NONBLOCK);
      await pipe.close();
    } catch (error) {
      // Nobody reads it now, or Prometheus has cut its log.
      if (!['ENXIO', 'ENOENT'].includes(systemCode(error) ?? '')) throw error;
    }
    return (await ask(`http://127.0.0.1:${this.port}/-/ready`)).status;
  }

  /** The configuration in force. */
  async configuration(): Promise<string> {
    const text = await getText(`http://127.0.0.1:${this.port}/api/v1/status/config`);
    return (JSON.parse(text) as { data: { yaml: string } }).data.yaml;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}/-/reload`);
  }

  /** The value of one metric of its own; undefined while it has none. */
  async metric(name: string): Promise<number | undefined> {
    const text = await getText(`http://127.0.0.1:${this.port}/metrics`);
    const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  }

  /** The result of an instant query. */
  async query(expression: string): Promise<readonly { readonly value: readonly [number, string] }[]> {
    const url = `http://127.0.0.1:${this.port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { data } = JSON.parse(await getText(url)) as {
      data: { result: readonly { readonly value: readonly [number, string] }[] };
    };
    return data.result;
  }

  /** Waits until its last reload was good, or bad. */
  async reloadedWith(successful: boolean): Promise<void> {
    const name = 'prometheus_config_last_reload_successful';
    await expect.poll(() => this.metric(name), { timeout: 20_000 }).toBe(Number(successful));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

function firstSegment(data: string): string {
  return join(data, 'wal', '00000000');
}

/** It tells in its log which port it got, and that it is ready, in either order. */
async function portOf(child: ChildProcess, waitsForReady: boolean): Promise<number> {
  if (child.stderr === null) throw new Error('no log');
  const lines: string[] = [];
  let port: number | undefined;
  let isReady = !waitsForReady;
  for await (const line of createInterface(child.stderr)) {
    lines.push(line);
    const found = /msg="Listening on" address=127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (found !== undefined) port = Number(found);
    isReady ||= line.includes('Server is ready');
    if (isReady && port !== undefined) {
      child.stderr.resume();
      return port;
    }
  }
  throw new Error(`prometheus did not start:\n${lines.join('\n')}`);
}

async function getText(url: string): Promise<string> {
  const request = http.get(url, { agent: false });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return text;
}
