import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Bench, type Scenario } from './bench.ts';
import { describeMachine, jsonOf, machineLine, markdownOf, type Result } from './report.ts';
import { delivery } from './scenarios/delivery.ts';
import { idleGrowth } from './scenarios/idle-growth.ts';
import { idleMemory } from './scenarios/idle-memory.ts';
import { idlePoll } from './scenarios/idle-poll.ts';
import { init } from './scenarios/init.ts';
import { largeSet } from './scenarios/large-set.ts';
import { s3IdleMemory } from './scenarios/s3-idle-memory.ts';
import { s3IdlePoll } from './scenarios/s3-idle-poll.ts';
import { s3LargeObject } from './scenarios/s3-large-object.ts';
import { s3Listing } from './scenarios/s3-listing.ts';
import { s3SmallObjects } from './scenarios/s3-small-objects.ts';
import { s3Start } from './scenarios/s3-start.ts';
import { setMemory } from './scenarios/set-memory.ts';

const scenarios: readonly Scenario[] = [
  init,
  idlePoll,
  idleMemory,
  idleGrowth,
  delivery,
  largeSet,
  setMemory,
  s3Start,
  s3IdlePoll,
  s3IdleMemory,
  s3LargeObject,
  s3SmallObjects,
  s3Listing,
];

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    runs: { type: 'string' },
    json: { type: 'string' },
    program: { type: 'string' },
    'node-flag': { type: 'string', multiple: true, default: [] },
  },
});
const unknown = values.only?.find((name) => !scenarios.some((scenario) => scenario.name === name));
const runs = values.runs === undefined ? undefined : Number(values.runs);
if (unknown !== undefined || (runs !== undefined && !(Number.isInteger(runs) && runs > 0))) {
  const names = scenarios.map(({ name }) => name).join(' | ');
  console.error(
    `usage: npm run bench -- [--only ${names}]… [--runs N] [--json FILE] [--program FILE] [--node-flag=FLAG]…`,
  );
  process.exit(2);
}

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

const machine = describeMachine();
console.log(`${machineLine(machine)}\n`);
const results: Result[] = [];
for (const { name, title, needs, run } of scenarios) {
  if (values.only !== undefined && !values.only.includes(name)) continue;
  const missing = needs?.();
  if (missing !== undefined) {
    console.log(`### ${title}\n\nskipped: it needs ${missing}\n`);
    continue;
  }
  await using bench = await Bench.create({
    runs,
    program: values.program,
    nodeFlags: values['node-flag'],
    signal: interrupted.signal,
  });
  const result = { name, title, figures: await run(bench) };
  results.push(result);
  console.log(markdownOf(result));
}
if (values.json !== undefined) await writeFile(values.json, jsonOf(machine, results));
