import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { SourceWatch } from '../../src/commands/source-watch.ts';
import { Loop } from '../../src/engine/loop.ts';
import { UnreachableError } from '../../src/failure/failure.ts';
import type { Log } from '../../src/platform/log.ts';
import type { Answer, Target } from '../../src/reload/target.ts';
import { engineOn } from '../support/engine-bench.ts';
import { MemorySource } from '../support/memory-source.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const log: Log = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A source that can be watched, as a repository on this machine. */
class WatchableSource extends MemorySource {
  readonly #shown: MemorySource;

  constructor(shown: MemorySource) {
    super();
    this.#shown = shown;
  }

  override probe(...given: Parameters<MemorySource['probe']>) {
    this.set(this.#shown.revision, this.#shown.files);
    return super.probe(...given);
  }

  override async watch(): Promise<AsyncDisposable> {
    return { [Symbol.asyncDispose]: async () => undefined };
  }
}

test('a new watch asks for another look, unless one that failed comes again by itself', async () => {
  let wakes = 0;
  const watch = new SourceWatch(() => {
    wakes += 1;
  }, log);
  const shown = new MemorySource();
  await watch.follow(new WatchableSource(shown), false);
  expect(wakes).toBe(0);
  const source = new WatchableSource(shown);
  await watch.follow(source, true);
  await watch.follow(source, true);
  expect(wakes).toBe(1);
});

test('a rollback that the source cannot serve now is tried again with backoff, also where sources are watched', async () => {
  const target = await temporaryDirectory();
  const shown = new MemorySource();
  const answers: Answer[] = [{ class: 'accepted' }, { class: 'rejected', detail: 'no' }];
  const application: Target = {
    name: 'url1',
    identity: 'application',
    reload: async () => {
      const answer = answers.shift() ?? { class: 'accepted' };
      const good = engine.state?.good?.generation;
      if (answer.class === 'rejected' && good !== undefined)
        await rm(join(target, good), { recursive: true });
      return answer;
    },
  };
  let asked = 0;
  const createSource = (revision?: string) => {
    const source = new WatchableSource(shown);
    if (revision === undefined) return source;
    asked += 1;
    source.failure = new UnreachableError({ problem: 'down' });
    return source;
  };
  const engine = engineOn(target, shown, { createSource, targets: [application], pollInterval: 30_000 });
  const wake = () => loop.wake();
  const watch = new SourceWatch(wake, log);
  const loop: Loop = new Loop({
    engine,
    refresh: async () => undefined,
    requests: { take: async () => [], done: async () => undefined },
    afterTurn: (hasFailed) => watch.follow(engine.source, !hasFailed),
    log,
  });
  const stop = new AbortController();
  shown.set('r1', { a: '1' });
  const run = loop.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await run;
    await engine[Symbol.asyncDispose]();
  });
  await expect.poll(() => engine.state?.good?.sequence).toBe(1);
  shown.set('r2', { a: '2' });
  loop.wake();
  await expect.poll(() => asked).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(asked).toBeLessThanOrEqual(2);
});
