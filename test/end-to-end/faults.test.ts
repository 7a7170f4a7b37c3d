import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  expectKnown,
  faultWorld,
  type Outcomes,
  outcomesOf,
  type PublishMode,
  publishModes,
  Reader,
  tell,
  troubleOf,
} from '../support/fault-world.ts';
import { type ChangingCall, changingCalls, endTraced, hasStrace, startTraced } from '../support/strace.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/**
 * Of each kind of call every so many-th fails, in each thread: more than one try of a publish makes, so that the next
 * try comes through, and no multiple of that, so that in the course of some releases the faults come at every place.
 */
const steps: Readonly<Record<ChangingCall, number>> = {
  rename: 11,
  symlink: 5,
  link: 1,
  unlink: 13,
  mkdir: 11,
  rmdir: 7,
  utimens: 17,
  fsync: 29,
  chmod: 7,
};
/** Plain files are moved one by one. */
const stepsOfRename: typeof steps = {
  ...steps,
  chmod: 31,
  rename: 31,
  unlink: 31,
  mkdir: 23,
  utimens: 23,
  fsync: 97,
};

const releases = process.env['CI'] === undefined ? 8 : 25;
const errors = ['EIO', 'ENOSPC', 'EROFS', 'EDQUOT'];

describe.skipIf(!hasStrace).each(publishModes)('%s', (mode) => {
  test('no failure of a call that changes the volume tears or loses a set, and each is made good without help', {
    timeout: 300_000,
  }, async () => {
    const total: Outcomes = { injected: 0, withoutEffect: 0, recovered: 0, killed: 0, lost: 0 };
    const kinds = (Object.keys(steps) as ChangingCall[]).map((kind, index) => ({
      kind,
      error: errors[(index + publishModes.indexOf(mode)) % errors.length] ?? 'EIO',
    }));
    const lane = async () => {
      for (let next = kinds.pop(); next !== undefined; next = kinds.pop()) {
        const outcomes = await storm(mode, next.kind, next.error);
        total.injected += outcomes.injected;
        total.withoutEffect += outcomes.withoutEffect;
        total.recovered += outcomes.recovered;
      }
    };
    await Promise.all([lane(), lane()]);
    tell(mode, total);
    expect(total.injected).toBeGreaterThan(releases);
  });
});

/** A sidecar that brings out some releases while every so many-th call of a kind fails. */
async function storm(mode: PublishMode, kind: ChangingCall, error: string): Promise<Outcomes> {
  const directory = await temporaryDirectory();
  const trace = join(directory, 'trace');
  const world = await faultWorld(mode, join(directory, 'config'));
  const calls = changingCalls[kind];
  const inject = `inject=${calls}:error=${error}:when=1+${(mode === 'rename' ? stepsOfRename : steps)[kind]}`;
  // Other calls cost nothing so; strace counts those of a signal wrongly with it, those of an error rightly.
  const options = ['--seccomp-bpf', '-ttt', '-o', trace, '-e', `trace=${calls}`, '-e', inject];
  await world.release();
  const reader = new Reader(mode, world.target);
  const wherry = startTraced(options, ['run'], world.settings);
  await world.arrives(wherry, 60_000);
  for (let count = 1; count < releases; count += 1) {
    await world.release();
    await world.arrives(wherry, 60_000);
  }
  await endTraced(wherry);
  await reader.stop();
  expect(reader.broken, `${kind} ${error}`).toEqual([]);
  expect(reader.whole).toBeGreaterThan(0);
  const faults = (await readFile(trace, 'utf8'))
    .split('\n')
    .filter((line) => line.includes('(INJECTED)'))
    .map((line) => Number(/^\d+ +(\d+\.\d+)/.exec(line)?.[1]) * 1000);
  const trouble = troubleOf(wherry);
  expectKnown(trouble);
  return outcomesOf(
    faults,
    trouble.map(({ time }) => Date.parse(String(time))),
  );
}
