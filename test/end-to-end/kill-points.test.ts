import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { faultWorld, publishModes, Reader, tell } from '../support/fault-world.ts';
import { start, type Wherry } from '../support/program.ts';
import { type ChangingCall, endTraced, hasStrace, startUntilCall } from '../support/strace.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** By default what others see or what is remembered; what only gets it to the disk, or wakes somebody, takes long. */
const kinds: readonly ChangingCall[] =
  process.env['CI'] === undefined
    ? ['rename', 'symlink', 'mkdir', 'rmdir']
    : ['rename', 'symlink', 'mkdir', 'rmdir', 'link', 'unlink', 'utimens', 'fsync', 'chmod'];
/** Of a kind that a publish has very many of, so many are enough. */
const most = process.env['CI'] === undefined ? 6 : 25;

describe.skipIf(!hasStrace).each(publishModes)('%s', (mode) => {
  test('a kill at any call that changes the volume tears and loses nothing, and the next start goes on', {
    timeout: 300_000,
  }, async () => {
    const world = await faultWorld(mode, join(await temporaryDirectory(), 'config'));
    await world.release();
    const first = start(['run'], world.settings);
    await world.arrives(first);
    await first.kill('SIGTERM');
    const reader = new Reader(mode, world.target);
    let killed = 0;
    let through = 0;
    for (const kind of kinds) {
      for (let number = 1; number <= most; number += 1) {
        await world.release();
        const dying = startUntilCall(kind, number, ['run'], world.settings);
        const wasKilled = await diesBefore(
          dying,
          async () => (await world.read().catch(() => 0)) === world.newest,
        );
        await endTraced(dying);
        if (wasKilled) killed += 1;
        else {
          through += 1;
          break;
        }
      }
    }
    const last = start(['run'], world.settings);
    await world.arrives(last);
    await last.kill('SIGTERM');
    await reader.stop();
    expect(reader.broken).toEqual([]);
    tell(mode, { injected: killed + through, withoutEffect: through, recovered: 0, killed, lost: 0 });
    expect(killed).toBeGreaterThan(kinds.length);
  });
});

/** Whether the program ended by itself before this came true. */
async function diesBefore(wherry: Wherry, isOver: () => Promise<boolean>): Promise<boolean> {
  let hasEnded = false;
  void wherry.ended.then(() => {
    hasEnded = true;
  });
  const deadline = Date.now() + 60_000;
  while (!hasEnded) {
    if (await isOver()) {
      // What follows a publish may be what it dies of.
      await Promise.race([wherry.ended, sleep(500)]);
      return hasEnded;
    }
    if (Date.now() > deadline) throw new Error(`neither killed nor published: ${wherry.output}`);
    await Promise.race([wherry.ended, sleep(20)]);
  }
  return true;
}
