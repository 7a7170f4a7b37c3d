import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './reload-app.ts';
import { temporaryDirectory } from './temporary.ts';

const program = '/usr/bin/caddy';

export const hasCaddy = existsSync(program);

/** A real Caddy: its site on a Unix socket, its admin endpoint on loopback. */
export class Caddy implements AsyncDisposable {
  readonly port: number;
  readonly #directory: string;
  readonly #child: ChildProcess;

  private constructor(directory: string, port: number, child: ChildProcess) {
    this.#directory = directory;
    this.port = port;
    this.#child = child;
  }

  /** Resolves when it serves `text`. */
  static async start(text: string): Promise<Caddy> {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'data'));
    // Another program may take the port before it does.
    for (let tries = 1; ; tries += 1) {
      const port = await freePort();
      const config = join(directory, 'Caddyfile');
      await writeFile(config, configOf(directory, port, `respond "${text}"`));
      const child = spawn(program, ['run', '--config', config, '--adapter', 'caddyfile'], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, HOME: directory, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
      });
      const log = await started(child);
      if (log === undefined) return new Caddy(directory, port, child);
      if (tries === 5) throw new Error(`caddy did not start:\n${log}`);
    }
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}/load`);
  }

  /** A Caddyfile for this very process that has these directives in its site. */
  configuration(directives: string): string {
    return configOf(this.#directory, this.port, directives);
  }

  async get(): Promise<string> {
    const request = http.get({ socketPath: join(this.#directory, 'caddy.sock'), path: '/', agent: false });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** Its log when it ended instead. */
async function started({ stderr }: ChildProcess): Promise<string | undefined> {
  if (stderr === null) throw new Error('no log');
  const lines: string[] = [];
  for await (const line of createInterface(stderr)) {
    lines.push(line);
    if (!line.includes('serving initial configuration')) continue;
    stderr.resume();
    return undefined;
  }
  return lines.join('\n');
}

function configOf(directory: string, port: number, directives: string): string {
  return `{
	admin 127.0.0.1:${port}
	auto_https off
}
http:// {
	bind unix/${join(directory, 'caddy.sock')}
	${directives}
}
`;
}
