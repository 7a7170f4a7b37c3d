import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultFs, mayMountFaults, type Rule } from '../support/fault-fs.ts';
import {
  expectKnown,
  faultWorld,
  outcomesOf,
  publishModes,
  Reader,
  tell,
  troubleOf,
} from '../support/fault-world.ts';
import { start } from '../support/program.ts';

/** One after the other. Calls of the system that look alike are different ones here: `open` is no `create`. */
const rules: readonly Rule[] = [
  { op: 'write', errno: 'EIO', every: 17 },
  { op: 'write', errno: 'ENOSPC', every: 19 },
  { op: 'create', errno: 'ENOSPC', every: 17 },
  { op: 'create', errno: 'EMFILE', every: 19 },
  { op: 'open', errno: 'EIO', every: 43 },
  { op: 'read', errno: 'EIO', every: 23 },
  { op: 'rename', errno: 'EIO', every: 11 },
  { op: 'fsync', errno: 'EIO', every: 31 },
  { op: 'unlink', errno: 'EACCES', every: 17 },
  { op: 'getattr', errno: 'EIO', every: 499 },
];
/** Plain files are moved one by one. */
const timesOfRename = 3;

const releases = process.env['CI'] === undefined ? 4 : 8;

describe.skipIf(!mayMountFaults).each(publishModes)('%s', (mode) => {
  test('a volume that fails every now and then shows whole sets only, and each in the end', {
    timeout: 300_000,
  }, async () => {
    const volume = await faultFs();
    const world = await faultWorld(mode, join(volume.mount, 'config'));
    await world.release();
    const wherry = start(['run'], world.settings);
    await world.arrives(wherry, 60_000);
    // The reader sees what is on the volume, not what a failing read says of it.
    const reader = new Reader(mode, join(volume.real, 'config'));
    for (const rule of rules) {
      await volume.obey({ ...rule, every: rule.every * (mode === 'rename' ? timesOfRename : 1) });
      for (let count = 0; count < releases; count += 1) {
        await world.release();
        await expect
          .poll(() => world.readAt(join(volume.real, 'config')).catch(String), { timeout: 60_000 })
          .toBe(world.newest);
      }
    }
    await volume.obey();
    await world.release();
    await world.arrives(wherry, 60_000);
    expect((await wherry.kill('SIGTERM')).code).toBe(0);
    await reader.stop();
    expect(reader.broken).toEqual([]);
    const trouble = troubleOf(wherry);
    expectKnown(trouble);
    const faults = volume.faults();
    tell(
      `${mode} on FUSE`,
      outcomesOf(
        faults,
        trouble.map(({ time }) => Date.parse(String(time))),
      ),
    );
    expect(faults.length).toBeGreaterThan(rules.length / 2);
  });
});
