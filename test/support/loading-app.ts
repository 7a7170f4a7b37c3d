import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { ReloadApp } from './reload-app.ts';

/** The set of an application whose one file holds this. How the application fares with it is its first word. */
export function appSet(content: `${'good' | 'bad' | 'sick' | 'faint' | 'stuck'} ${number}`) {
  return { app: content };
}

/**
 * An application that reads its file when it is told to, as real ones do. `good` it loads; `bad` it rejects; with `sick`
 * its health check fails, with `faint` so after a first good answer; `stuck` it accepts, and goes on with what it had.
 */
export class LoadingApp implements AsyncDisposable {
  /** What it found at each call, in order. */
  readonly found: string[] = [];
  /** The sequence that each call was about. */
  readonly sequences: number[] = [];
  loaded = '';
  /** Answers that it has no time. */
  isBusy = false;
  #loads = 0;
  #looks = 0;
  readonly #target: string;
  readonly #server: ReloadApp;

  private constructor(target: string, server: ReloadApp) {
    this.#target = target;
    this.#server = server;
    server.usually((request, response) =>
      request.url === '/health' ? this.#tellHealth(response) : this.#load(request.headers, response),
    );
  }

  /** On a free port unless one is given. With `reads` it has read the set already, as one does that starts. */
  static async start(target: string, { port = 0, reads = false } = {}): Promise<LoadingApp> {
    const app = new LoadingApp(target, await ReloadApp.start({ port }));
    if (reads) app.loaded = await app.#read();
    return app;
  }

  get reloadUrl(): string {
    return this.#server.url('/-/reload').href;
  }

  get healthUrl(): string {
    return this.#server.url('/health').href;
  }

  /** How many calls were answered at once at most. */
  get most(): number {
    return this.#server.most;
  }

  #read(): Promise<string> {
    return readFile(join(this.#target, 'app'), 'utf8');
  }

  async #load(headers: NodeJS.Dict<string | string[]>, response: ServerResponse): Promise<void> {
    if (this.isBusy) {
      response.writeHead(503).end();
      return;
    }
    const content = await this.#read();
    this.found.push(content);
    this.sequences.push(Number(headers['x-wherry-sequence']));
    if (content.startsWith('bad')) {
      response.writeHead(500).end(`cannot load "${content}"`);
      return;
    }
    if (!content.startsWith('stuck')) {
      this.loaded = content;
      this.#loads += 1;
      this.#looks = 0;
    }
    response.writeHead(200).end();
  }

  #tellHealth(response: ServerResponse): void {
    this.#looks += 1;
    const isIll = this.loaded.startsWith('sick') || (this.loaded.startsWith('faint') && this.#looks > 1);
    const body = isIll ? 'the database is gone' : JSON.stringify({ loads: this.#loads });
    response.writeHead(isIll ? 500 : 200).end(body);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }
}
