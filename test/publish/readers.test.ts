import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { StateStore } from '../../src/engine/state-store.ts';
import { engineOn } from '../support/engine-bench.ts';
import { MemorySource } from '../support/memory-source.ts';
import type { Counts } from '../support/readers/reader-process.ts';
import { Readers } from '../support/readers/readers.ts';
import { setOf } from '../support/readers/set-files.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { linkOf, type Mode, publisherOf } from './watchers/modes.ts';

const { signal } = new AbortController();
const memory = '/dev/shm';

interface Reading {
  readonly swaps: number;
  readonly retain: number;
  /** Milliseconds in the midst of a set, now and then. */
  readonly pause: number;
}

/** Most of a minute where many others work on the machine. */
vi.setConfig({ testTimeout: 240_000 });

/** Publishes sets while two processes read without a rest. */
async function readWhilePublishing(mode: Mode, { swaps, retain, pause }: Reading): Promise<Counts> {
  const target = join(await temporaryDirectory(), 'target');
  const source = new MemorySource();
  const publisher = publisherOf(mode, target, retain);
  // Of no interest here, and most of the time of a small publish on a disk.
  const store = new StateStore(await directoryInMemory(), new RecordingLog());
  await using engine = engineOn(target, source, {}, {}, { publisher, store });
  await engine.open();
  const publish = async (number: number) => {
    source.set(`r${number}`, setOf(number));
    await engine.look(signal);
  };
  await publish(1);
  await using readers = await Readers.start(2, { target, link: linkOf(mode), pause, retain });
  const started = performance.now();
  for (let number = 2; number <= swaps + 1; number += 1) {
    await publish(number);
    // What is over is removed while they read.
    if (number % 20 === 0) await engine.settle(signal);
  }
  const took = (performance.now() - started) / 1000;
  const counts = (await readers.stop()).reduce(sum);
  console.log(`${mode}, WHERRY_RETAIN=${retain}ms: ${swaps} swaps in ${took.toFixed(1)} s; ${tell(counts)}`);
  expect(engine.state?.published?.sequence).toBe(swaps + 1);
  return counts;
}

async function directoryInMemory(): Promise<string> {
  if (!existsSync(memory)) return temporaryDirectory();
  const directory = await mkdtemp(join(memory, 'wherry-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function sum(a: Counts, b: Counts): Counts {
  const keys = Object.keys(a) as (keyof Counts)[];
  const total = { ...a };
  for (const key of keys) total[key] = key === 'slowest' ? Math.max(a[key], b[key]) : a[key] + b[key];
  return total;
}

function tell(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => `${Math.round(count)} ${name}`)
    .join(', ');
}

test.each([
  { mode: 'symlink', swaps: 1000, retain: 60_000, pause: 50 },
  { mode: 'symlink', swaps: 300, retain: 1000, pause: 300 },
  { mode: 'link', swaps: 1000, retain: 1000, pause: 300 },
] as const)(
  '$mode: who resolves the link once reads one whole set, in $swaps swaps without a gap within $retain ms',
  async ({ mode, ...reading }) => {
    const counts = await readWhilePublishing(mode, reading);
    expect(counts).toMatchObject({ mixed: 0, missing: 0, torn: 0, back: 0 });
    expect(counts.seen).toBeGreaterThan(20);
    expect(counts.late).toBeLessThan(counts.sets / 2);
  },
);

test('rename: every file is whole, is never missing and never grows older', async () => {
  const counts = await readWhilePublishing('rename', { swaps: 300, retain: 60_000, pause: 5 });
  expect(counts).toMatchObject({ missing: 0, torn: 0, back: 0 });
  expect(counts.seen).toBeGreaterThan(20);
});
