import { join } from 'node:path';
import { httpGet } from '../../../src/commands/demo/http-get.ts';
import { freePorts } from '../../support/ports.ts';
import type { Bench } from '../bench.ts';
import { until } from '../measure.ts';
import type { Place } from '../places/place.ts';
import { Child } from './child.ts';
import type { Keeper, Keeping, Program } from './program.ts';

/** github.com/kubernetes/git-sync, version 4, with its own defaults. */
export class GitSync implements Program {
  readonly name = 'git-sync';
  readonly #bench: Bench;
  readonly #path: string;

  constructor(bench: Bench, path: string) {
    this.#bench = bench;
    this.#path = path;
  }

  takes({ git }: Place): boolean {
    return git !== undefined;
  }

  once(place: Place, directory: string) {
    return this.#run(place, directory, ['--one-time']);
  }

  async keep(place: Place, { interval, reload }: Keeping): Promise<Keeper> {
    const { signal } = this.#bench;
    const [port] = await freePorts(1);
    const admin = `127.0.0.1:${port}`;
    const words = [`--http-bind=${admin}`, '--http-metrics'];
    if (interval !== undefined) words.push(`--period=${interval}ms`);
    if (reload !== undefined) words.push(`--webhook-url=${reload}`);
    const child = new Child(this.#run(place, this.#bench.newPath(), words));
    return {
      pid: child.pid,
      published: () =>
        until('the first set of git-sync', async () => {
          child.assertAlive();
          return (await httpGet(`http://${admin}/`, signal))?.status === 200;
        }),
      polls: async () => {
        child.assertAlive();
        const text = (await httpGet(`http://${admin}/metrics`, signal))?.body ?? '';
        return Number(/^git_sync_count_total\{status="noop"\} (\d+)/m.exec(text)?.[1] ?? 0);
      },
      rested: async () => child.assertAlive(),
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  }

  #run({ git }: Place, directory: string, words: readonly string[]) {
    const { env, directory: cwd } = this.#bench;
    const { url = '', certificate } = git ?? {};
    const trust = certificate === undefined ? {} : { GIT_SSL_CAINFO: certificate };
    const places = [`--repo=${url}`, `--root=${directory}`, `--link=${join(directory, 'current')}`];
    // It leaves files behind there.
    return { command: [this.#path, ...places, ...words], env: { ...env, ...trust, TMPDIR: cwd }, cwd };
  }
}
