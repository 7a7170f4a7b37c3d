import { once } from 'node:events';
import http from 'node:http';
import type { Sidecar } from '../../../src/commands/demo/sidecar.ts';
import type { Bench } from '../bench.ts';
import { until } from '../measure.ts';
import { idlePolls, published } from '../metrics.ts';
import type { Place } from '../places/place.ts';
import type { Keeper, Keeping, Program } from './program.ts';

type Settings = Readonly<Record<string, string>>;

/** What this is all about. */
export class Wherry implements Program {
  readonly name = 'wherry';
  readonly #bench: Bench;
  readonly #settings: Settings;

  constructor(bench: Bench, settings: Settings = {}) {
    this.#bench = bench;
    this.#settings = settings;
  }

  takes(): boolean {
    return true;
  }

  once({ settings }: Place, directory: string) {
    const { env, directory: cwd, program } = this.#bench;
    const all = { WHERRY_SOURCE: 'git', ...settings, ...this.#settings, WHERRY_TARGET: directory };
    return { command: [...program, 'init'], env: { ...env, ...all }, cwd };
  }

  async keep({ settings }: Place, { interval, reload }: Keeping): Promise<Keeper> {
    const { signal } = this.#bench;
    const sidecar = await this.#bench.sidecar({
      ...settings,
      ...this.#settings,
      ...(interval === undefined ? {} : { WHERRY_POLL_INTERVAL: interval === 0 ? '0' : `${interval}ms` }),
      ...(reload === undefined ? {} : { WHERRY_RELOAD_URL: reload }),
    });
    return {
      pid: sidecar.pid,
      published: () => published(sidecar, signal),
      polls: () => idlePolls(sidecar, signal),
      rested: () => until('rest', async () => (await sidecar.status(signal))?.pending === false),
      wake: () => wake(sidecar, this.#settings['WHERRY_ADMIN_TOKEN'] ?? '', signal),
      [Symbol.asyncDispose]: () => sidecar[Symbol.asyncDispose](),
    };
  }
}

async function wake({ adminUrl }: Sidecar, token: string, signal: AbortSignal): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const request = http.request(`${adminUrl}/sync`, { method: 'POST', headers, signal }).end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.resume();
  if (response.statusCode !== 202) throw new Error(`POST /sync was answered with ${response.statusCode}`);
}
