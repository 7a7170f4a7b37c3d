import { writeFile } from 'node:fs/promises';
import { Bench, type Scenario } from './bench.ts';
import { readCommandLine } from './command-line.ts';
import { describeMachine, jsonOf, machineLine, markdownOf, type Result } from './report.ts';
import { coldStart } from './scenarios/cold-start.ts';
import { delivery } from './scenarios/delivery.ts';
import { idle } from './scenarios/idle.ts';
import { idleGrowth } from './scenarios/idle-growth.ts';
import { largeData } from './scenarios/large-data.ts';
import { largeSet } from './scenarios/large-set.ts';
import { libraries } from './scenarios/libraries.ts';
import { s3Listing } from './scenarios/s3-listing.ts';
import { s3SmallObjects } from './scenarios/s3-small-objects.ts';
import { setMemory } from './scenarios/set-memory.ts';

const scenarios: readonly Scenario[] = [
  coldStart,
  idle,
  idleGrowth,
  delivery,
  largeSet,
  largeData,
  setMemory,
  s3SmallObjects,
  s3Listing,
  libraries,
];

const { only, json, ...options } = readOptions();
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
process.once('SIGTERM', () => interrupted.abort());

const machine = describeMachine(options.peers);
console.log(`${machineLine(machine)}\n`);
const results: Result[] = [];
for (const { name, title, isSlow = false, needs, run } of scenarios) {
  if (only === undefined ? isSlow : !only.includes(name)) continue;
  await using bench = await Bench.create({ ...options, signal: interrupted.signal });
  const missing = needs?.(bench);
  if (missing !== undefined) {
    console.log(`### ${title}\n\nskipped: it needs ${missing}\n`);
    continue;
  }
  const result = { name, title, figures: await run(bench) };
  results.push(result);
  console.log(markdownOf(result));
}
if (json !== undefined) await writeFile(json, jsonOf(machine, results));

function readOptions() {
  const names = scenarios.map(({ name }) => name);
  try {
    return readCommandLine(process.argv.slice(2), names);
  } catch (error) {
    const usage = `[--only ${names.join(' | ')}]… [--runs N] [--json FILE] [--program FILE] [--node-flag=FLAG]… [--peer NAME=PATH]…`;
    console.error(`${error instanceof Error ? error.message : error}\nusage: npm run bench -- ${usage}`);
    return process.exit(2);
  }
}
