import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { signalTarget } from '../../../src/reload/process/signal-target.ts';
import type { Target } from '../../../src/reload/target.ts';
import { Nginx } from '../nginx.ts';
import type { Told } from './kinds.ts';
import type { Seen } from './versions.ts';

/** Two files of one set, so that nginx shows whether it has both of one version. */
export function nginxFiles(version: number): Readonly<Record<string, string>> {
  return { 'first.inc': `set $first ${version};\n`, 'last.inc': `set $last ${version};\n` };
}

/** A real nginx that watches nothing: it serves what it read when it got the SIGHUP that Wherry sends to it. */
export class ToldNginx implements AsyncDisposable {
  readonly #nginx: Nginx;
  readonly #root: string;
  #told: Told[] = [];

  private constructor(nginx: Nginx, root: string) {
    this.#nginx = nginx;
    this.#root = root;
  }

  /** `root` is where it finds the files. */
  static async start(root: string): Promise<ToldNginx> {
    const nginx = await Nginx.start('nothing');
    await nginx.configure('$first $last', '', join(root, '*.inc'));
    return new ToldNginx(nginx, root);
  }

  /** For the engine: a SIGHUP, accepted when new workers are there. */
  get target(): Target {
    const target = signalTarget('SIGHUP', this.#nginx.name, { reloadPreset: 'nginx', reloadTimeout: 20_000 });
    return {
      ...target,
      reload: async (...all) => {
        const answer = await target.reload(...all);
        this.#told.push({ by: answer.class, seen: await this.#serves(), at: performance.now() });
        return answer;
      },
    };
  }

  gather(): readonly Told[] {
    const told = this.#told;
    this.#told = [];
    return told;
  }

  /** What is there to be read now. */
  inFiles(): Seen {
    try {
      return Number(/\d+/.exec(readFileSync(join(this.#root, 'first.inc'), 'utf8'))?.[0]);
    } catch {
      return 'absent';
    }
  }

  async #serves(): Promise<Seen> {
    const [first, last] = (await this.#nginx.get()).split(' ').map(Number);
    return first !== undefined && first === last ? first : 'torn';
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#nginx[Symbol.asyncDispose]();
  }
}
