import { readFile, realpath } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** One reload as the application saw it. */
export interface Reload {
  /** The `performance.now()` at which it had decided. */
  readonly at: number;
  readonly status: 200 | 500;
  /** What it serves from now on; or why it refused, and serves what it served before. */
  readonly detail: string;
}

/**
 * The application beside the sidecar: a small shop that reads its configuration through the shared volume when it is
 * told to (`POST /-/reload`), refuses a bad one with a reason, and shows what it serves (`GET /`).
 */
export class MainContainer implements AsyncDisposable {
  /** Every reload so far, oldest first. */
  readonly reloads: Reload[] = [];
  readonly #volume: string;
  readonly #server: http.Server;
  readonly #onReload: (reload: Reload) => void;
  #serving = 'nothing yet: no configuration was loaded';

  private constructor(volume: string, onReload: (reload: Reload) => void) {
    this.#volume = volume;
    this.#onReload = onReload;
    this.#server = http.createServer((request, response) => {
      request.resume();
      void this.#answer(request, response);
    });
  }

  /** `onReload` is called before the answer leaves. */
  static async start(volume: string, onReload: (reload: Reload) => void): Promise<MainContainer> {
    const container = new MainContainer(volume, onReload);
    await new Promise<void>((resolve, reject) => {
      container.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return container;
  }

  /** `http://127.0.0.1:40002`, without a slash at the end. */
  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer({ method, url }: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    if (url === '/' && method === 'GET') return void response.end(`${this.#serving}\n`);
    if (url !== '/-/reload') return void response.writeHead(404).end('no such page\n');
    if (method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end('only POST reloads\n');
    const reload = await this.#reload();
    this.reloads.push(reload);
    this.#onReload(reload);
    response.writeHead(reload.status).end(`${reload.detail}\n`);
  }

  async #reload(): Promise<Reload> {
    try {
      this.#serving = await loadShop(this.#volume);
      return { at: performance.now(), status: 200, detail: this.#serving };
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return { at: performance.now(), status: 500, detail };
    }
  }
}

/** Reads and checks the shop's three files, which must be of one release, and says what the shop serves with them. */
async function loadShop(volume: string): Promise<string> {
  // One look at the link: what follows reads one whole set, whatever is published meanwhile.
  const set = await realpath(join(volume, '..data'));
  const shop = await readRelease(set, 'shop.json');
  const prices = await readRelease(set, 'prices.json');
  const hours = await readRelease(set, 'hours.json');
  const releases = new Set([shop, prices, hours].map(({ release }) => release));
  if (releases.size > 1) throw new Error(`the files are of different releases: ${[...releases].join(', ')}`);
  const { greeting, currency } = shop;
  if (typeof greeting !== 'string') throw new Error('shop.json: "greeting" is missing');
  if (typeof prices['tea'] !== 'number')
    throw new Error(`prices.json: "tea" is ${JSON.stringify(prices['tea'])}, which is not a number`);
  return `"${greeting}" tea ${prices['tea']} ${currency}, open ${hours['open']} (release ${shop.release})`;
}

interface Release {
  readonly release: unknown;
  readonly [key: string]: unknown;
}

async function readRelease(set: string, name: string): Promise<Release> {
  const text = await readFile(join(set, name), 'utf8');
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'release' in parsed) return { ...parsed };
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new Error(`${name}: "release" is missing`);
}
