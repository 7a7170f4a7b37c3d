import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { hasStrace } from '../support/strace.ts';
import { weighedSources } from './sources.ts';
import { weighBuild, weighFirstSet, weighIdle } from './weigh.ts';

/*
 * What each pod pays for its sidecar, in counts that are the same on every machine. A budget is raised only together with
 * what is worth it: UPDATE_BUDGETS=1 writes down what is weighed, sizes with a twentieth on top.
 */
const file = 'test/weight/budgets.json';
type Counts = Readonly<Record<string, number>>;
const budgets = JSON.parse(await readFile(file, 'utf8')) as Record<string, Counts>;
const isUpdate = process.env['UPDATE_BUDGETS'] === '1';
const weighed: Record<string, Counts> = {};

afterAll(async () => {
  if (!isUpdate) return;
  const sorted = Object.entries(weighed).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const withRoom = sorted.map(([name, counts]) => [
    name,
    Object.fromEntries(
      Object.entries(counts).map(([unit, count]) => [unit, unit === 'KiB' ? Math.ceil(count * 1.05) : count]),
    ),
  ]);
  await writeFile(file, `${JSON.stringify(Object.fromEntries(withRoom), undefined, 2)}\n`);
});

function expectWithin(name: string, counts: Counts): void {
  weighed[name] = counts;
  if (isUpdate) return;
  const over = Object.entries(counts).filter(([unit, count]) => !(count <= (budgets[name]?.[unit] ?? -1)));
  expect(Object.fromEntries(over), `over the budget ${JSON.stringify(budgets[name])}`).toEqual({});
}

test('the build is no larger than its budget', async () => {
  expectWithin('build', { KiB: await weighBuild() });
});

describe.skipIf(!hasStrace).each(Object.entries(weighedSources))('%s', (name, make) => {
  test('the first set loads, starts and asks no more than its budget', async () => {
    expectWithin(`init, ${name}`, { ...(await weighFirstSet(await make())) });
  });

  test('an idle sidecar holds, starts and asks no more than its budget', async () => {
    expectWithin(`idle, ${name}`, { ...(await weighIdle(await make())) });
  });
});
