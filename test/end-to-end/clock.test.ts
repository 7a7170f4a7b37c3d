import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { generationNames } from '../support/engine-bench.ts';
import { expectKnown, faultWorld, publishModes, Reader, troubleOf } from '../support/fault-world.ts';
import { startThrough } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const library = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

/** Seconds by which the wall clock is moved, one after the other: what runs by the other clock stays. */
const jumps = ['-3600', '+0', '+90000', '-864000', '+0'];

describe.skipIf(library === undefined).each(publishModes)('%s', (mode) => {
  test('a wall clock that jumps back and forward stops no poll, tears no set and keeps no generation for ever', {
    timeout: 120_000,
  }, async () => {
    const directory = await temporaryDirectory();
    const clock = join(directory, 'clock');
    const move = async (seconds: string) => {
      await writeFile(`${clock}.new`, `${seconds}s`);
      await rename(`${clock}.new`, clock);
    };
    await move('+0');
    const world = await faultWorld(mode, join(directory, 'config'), { WHERRY_RETAIN: '200ms' });
    await world.release();
    const reader = new Reader(mode, world.target);
    const fake = [
      ...['env', `LD_PRELOAD=${library}`, `FAKETIME_TIMESTAMP_FILE=${clock}`, 'FAKETIME_NO_CACHE=1'],
      // Node waits by the clock that does not jump.
      ...['DONT_FAKE_MONOTONIC=1', 'FAKETIME_DONT_FAKE_MONOTONIC=1'],
    ];
    const wherry = startThrough(fake, ['run'], world.settings);
    await world.arrives(wherry);
    for (const seconds of jumps) {
      await move(seconds);
      for (let count = 0; count < 2; count += 1) {
        await world.release();
        await world.arrives(wherry);
      }
    }
    const left = mode === 'symlink' ? () => generationNames(world.target) : undefined;
    if (left !== undefined) await expect.poll(left, { timeout: 20_000 }).toHaveLength(1);
    // Else the clock was none that jumps.
    const times = wherry.log.map(({ time }) => Date.parse(String(time)));
    expect(times.some((time, index) => time < (times[index - 1] ?? 0) - 1_000_000)).toBe(true);
    expect((await wherry.kill('SIGTERM')).code).toBe(0);
    await reader.stop();
    expect(reader.broken).toEqual([]);
    expectKnown(troubleOf(wherry));
  });
});
