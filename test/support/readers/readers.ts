import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Counts, ReaderOptions } from './reader-process.ts';

/** Some processes that read a target as fast as they can. */
export class Readers implements AsyncDisposable {
  readonly #children: readonly ChildProcess[];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  /** Resolves when they read. There must be a set already. */
  static async start(count: number, options: ReaderOptions): Promise<Readers> {
    const script = join(import.meta.dirname, 'reader-process.ts');
    const children = Array.from({ length: count }, () =>
      fork(script, [JSON.stringify(options)], { execArgv: [] }),
    );
    await Promise.all(children.map(answerOf));
    return new Readers(children);
  }

  /** Ends them, and resolves to what each found. */
  stop(): Promise<readonly Counts[]> {
    return Promise.all(
      this.#children.map(async (child) => {
        const answer = answerOf(child);
        child.send('stop');
        return (await answer) as Counts;
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

async function answerOf(child: ChildProcess): Promise<unknown> {
  const over = new AbortController();
  const onExit = () => over.abort(new Error('a reader ended by itself'));
  child.once('exit', onExit);
  try {
    const [answer] = await once(child, 'message', { signal: over.signal });
    return answer;
  } finally {
    child.off('exit', onExit);
  }
}
