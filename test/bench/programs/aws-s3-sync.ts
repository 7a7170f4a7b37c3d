import { mkdir } from 'node:fs/promises';
import type { Bench } from '../bench.ts';
import { until } from '../measure.ts';
import type { Place } from '../places/place.ts';
import { aws } from '../s3/peers.ts';
import { Child } from './child.ts';
import type { Keeper, Keeping, Program } from './program.ts';

/** As people write it in the command of a container: what was copied decides whether there is something to tell. */
const loop = `while :; do
  copied=$("$@") || exit
  if [ -n "$copied" ] && [ -n "$RELOAD_URL" ]; then curl -sS -o /dev/null -X POST "$RELOAD_URL" || exit; fi
  echo
  sleep "$PAUSE"
done`;

/** `aws s3 sync`, once or in a loop of the shell. */
export class AwsS3Sync implements Program {
  readonly name = 'aws-s3-sync';
  readonly #bench: Bench;
  readonly #path: string;

  constructor(bench: Bench, path: string) {
    this.#bench = bench;
    this.#path = path;
  }

  takes({ s3 }: Place): boolean {
    return s3?.holds === 'prefix';
  }

  once(place: Place, directory: string) {
    return this.#run(place, directory, ['--quiet']);
  }

  async keep(place: Place, { interval = 30_000, reload = '' }: Keeping): Promise<Keeper> {
    const directory = this.#bench.newPath();
    await mkdir(directory);
    const { command, env, cwd } = this.#run(place, directory, ['--no-progress']);
    const child = new Child({
      command: ['/bin/sh', '-c', loop, 'sh', ...command],
      env: { ...env, RELOAD_URL: reload, PAUSE: String(interval / 1000) },
      cwd,
    });
    return {
      pid: child.pid,
      published: () =>
        until('the first set of aws s3 sync', () => {
          child.assertAlive();
          return child.lines > 0;
        }),
      polls: async () => {
        child.assertAlive();
        return child.lines;
      },
      rested: async () => child.assertAlive(),
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    };
  }

  #run({ s3 }: Place, directory: string, words: readonly string[]) {
    if (s3 === undefined) throw new Error('aws s3 sync needs a bucket');
    const { env, directory: cwd } = this.#bench;
    // Without it a changed object of the same size is never fetched.
    const exact = '--exact-timestamps';
    return aws(this.#path, ['sync', '--delete', exact, ...words], s3, directory, { env, cwd });
  }
}
