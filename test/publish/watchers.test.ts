import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { hasNginx } from '../support/nginx.ts';
import { hasProgram } from '../support/prometheus.ts';
import { hasInotifywait } from '../support/watchers/inotify-feed.ts';
import { type Cell, type Measured, measure } from './watchers/measure.ts';
import { type Mode, modes } from './watchers/modes.ts';
import { early, promises, readsUnfinished } from './watchers/promises.ts';
import type { Happening } from './watchers/scenario.ts';
import { outcomeOf, tablesOf } from './watchers/table.ts';

const page = 'src/publish/README.md';
const isHere = hasInotifywait && hasNginx && hasProgram('prometheus');

let all: Promise<ReadonlyMap<Mode, Measured>> | undefined;

/** Everything is measured once, by whichever test is the first. */
function measureAll(): Promise<ReadonlyMap<Mode, Measured>> {
  all ??= measureEach();
  return all;
}

/** All at the same time. Where one fails the others end first, with what they have started. */
async function measureEach(): Promise<ReadonlyMap<Mode, Measured>> {
  const running = modes.map(async (mode) => [mode, await measure(mode)] as const);
  await Promise.allSettled(running);
  return new Map(await Promise.all(running));
}

async function measuredIn(mode: Mode): Promise<Measured> {
  return (await measureAll()).get(mode) ?? new Map();
}

async function cellsOf(mode: Mode): Promise<readonly (Cell & { watcher: string; happening: Happening })[]> {
  const measured = await measuredIn(mode);
  return [...measured].flatMap(([watcher, row]) =>
    Array.from(row, ([happening, cell]) => ({ watcher, happening, ...cell })),
  );
}

describe.skipIf(!isHere)('what each watcher sees', { timeout: 120_000 }, () => {
  test.each(modes)('%s: whoever is told finds the old content or the new, whole', async (mode) => {
    const others = (await cellsOf(mode)).flatMap(({ watcher, happening, told, before, after }) => {
      const found = new Set(told.map(({ seen }) => seen).filter((seen) => seen !== 'twice'));
      if (readsUnfinished(watcher, mode)) return [];
      const strange = [...found].filter((seen) => seen !== before && seen !== after);
      return strange.map((seen) => `${watcher}, ${happening}: ${seen} between ${before} and ${after}`);
    });
    expect(others).toEqual([]);
  });

  test.each(modes)('%s: whoever is told has found the new content by the last time', async (mode) => {
    const late = (await cellsOf(mode)).flatMap(({ watcher, happening, told, after }) => {
      const seen = told.at(-1)?.seen;
      if (seen === undefined || seen === after || seen === 'twice') return [];
      if (happening === 'first publish' && early.includes(watcher)) return [];
      return [`${watcher}, ${happening}: ${seen} instead of ${after}`];
    });
    expect(late).toEqual([]);
  });

  test.each(modes)('%s: a restart without a change wakes nobody', async (mode) => {
    const woken = (await cellsOf(mode)).filter(
      ({ happening, told }) => happening === 'restart' && told.length > 0,
    );
    expect(woken).toEqual([]);
  });

  describe.each(modes)('%s: as promised', (mode) => {
    test.each(Object.entries(promises[mode]))('%s', async (watcher, promised) => {
      const row = (await measuredIn(mode)).get(watcher);
      const happened = Object.keys(promised) as Happening[];
      const outcomes = happened.map((happening) => [
        happening,
        outcomeOf(watcher, happening, row?.get(happening)),
      ]);
      expect(Object.fromEntries(outcomes)).toEqual(promised);
    });
  });

  test('the table in the documentation is what was measured; UPDATE_TABLES=1 writes it anew', async () => {
    const text = await readFile(page, 'utf8');
    const tables = tablesOf(await measureAll());
    const [whole = '', start = '', found, end = ''] =
      /(<!-- watchers:.*? -->\n)([\s\S]*?)(<!-- \/watchers -->)/.exec(text) ?? [];
    if (process.env['UPDATE_TABLES'] === '1') {
      await writeFile(
        page,
        text.replace(whole, () => `${start}${tables}${end}`),
      );
    } else expect(found).toBe(tables);
  });
});
