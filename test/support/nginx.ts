import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { expect } from 'vitest';
import { temporaryDirectory } from './temporary.ts';

const program = '/usr/sbin/nginx';

export const hasNginx = existsSync(program);

/** A real nginx, master and worker, on a Unix socket, under a process name that nobody else has. */
export class Nginx implements AsyncDisposable {
  /** The process name, and the path of its executable. */
  readonly name: string;
  readonly executable: string;
  readonly #directory: string;
  readonly #child: ChildProcess;

  private constructor(directory: string, name: string, child: ChildProcess) {
    this.#directory = directory;
    this.name = name;
    this.executable = join(directory, name);
    this.#child = child;
  }

  /** Resolves when it answers with `text`. */
  static async start(text: string): Promise<Nginx> {
    const directory = await temporaryDirectory();
    const name = `ngx-${randomBytes(4).toString('hex')}`;
    const executable = join(directory, name);
    await copyFile(program, executable);
    const config = join(directory, 'nginx.conf');
    await writeFile(config, configOf(directory, text, ''));
    const child = spawn(executable, ['-c', config, '-e', join(directory, 'error.log'), '-g', 'daemon off;'], {
      stdio: 'ignore',
    });
    const nginx = new Nginx(directory, name, child);
    await nginx.answersWith(text);
    return nginx;
  }

  get masterPid(): number {
    return this.#child.pid ?? 0;
  }

  /** Writes the next configuration; `extra` is put in as it stands, right or wrong, `include` names more files. */
  async configure(text: string, extra = '', include?: string): Promise<void> {
    await writeFile(join(this.#directory, 'nginx.conf'), configOf(this.#directory, text, extra, include));
  }

  /** A command that finds out whether nginx would take the set below `WHERRY_STAGED`, included as `include` says. */
  async validator(text: string, include: string): Promise<string> {
    const script = join(this.#directory, 'validate');
    const wrapper = join(this.#directory, 'wrapper.conf');
    const own = await mkdtemp(join(this.#directory, 'validation-'));
    await writeFile(wrapper, configOf(own, text, '', `@set@/${include}`));
    const lines = [
      '#!/bin/sh',
      `sed "s#@set@#$WHERRY_STAGED#" ${wrapper} > ${own}/nginx.conf || exit 75`,
      `exec ${program} -t -q -e stderr -c ${own}/nginx.conf`,
    ];
    await writeFile(script, `${lines.join('\n')}\n`, { mode: 0o755 });
    return script;
  }

  errors(): Promise<string> {
    return readFile(join(this.#directory, 'error.log'), 'utf8');
  }

  async get(): Promise<string> {
    const socketPath = join(this.#directory, 'nginx.sock');
    const request = http.get({ socketPath, path: '/', agent: false });
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
    return text;
  }

  async answersWith(text: string): Promise<void> {
    await expect.poll(() => this.get().catch(String), { timeout: 20_000 }).toBe(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await exited;
  }
}

function configOf(directory: string, text: string, extra: string, include?: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  );
  return `worker_processes 1; pid ${directory}/pid; events {}
http { access_log off; ${temporary.join(' ')}
  server { listen unix:${directory}/nginx.sock; ${include === undefined ? '' : `include ${include};`} location / { return 200 "${text}"; ${extra} } } }
`;
}
