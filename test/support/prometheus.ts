import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
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
}

/** A real Prometheus on loopback. */
export class Prometheus implements AsyncDisposable {
  readonly port: number;
  readonly configPath: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, configPath: string) {
    this.#child = child;
    this.port = port;
    this.configPath = configPath;
  }

  /** Resolves when it is ready; until then a reload would only wait. */
  static async start({
    config = goodConfig,
    configDirectory,
    lifecycle = true,
    port: wanted = 0,
  }: PrometheusOptions = {}): Promise<Prometheus> {
    const directory = await temporaryDirectory();
    const configPath = join(configDirectory ?? directory, 'prometheus.yml');
    if (configDirectory === undefined) await writeFile(configPath, config);
    const data = join(directory, 'data');
    await mkdir(data);
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
    const port = await portOf(child);
    return new Prometheus(child, port, configPath);
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

/** It tells in its log which port it got, and that it is ready, in either order. */
async function portOf(child: ChildProcess): Promise<number> {
  if (child.stderr === null) throw new Error('no log');
  const lines: string[] = [];
  let port: number | undefined;
  let isReady = false;
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
