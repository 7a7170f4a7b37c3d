import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FileRequestBox } from '../../src/steering/request-box.ts';
import { RequestWatch } from '../../src/steering/request-watch.ts';
import { recordingLog } from '../admin/views.ts';
import { temporaryDirectory } from '../support/temporary.ts';

async function bench() {
  const stateDir = join(await temporaryDirectory(), '..wherry');
  await mkdir(stateDir);
  const { log, warnings } = recordingLog();
  const wake = vi.fn();
  const watch = new RequestWatch(stateDir, wake, log);
  onTestFinished(() => watch[Symbol.asyncDispose]());
  const box = new FileRequestBox(stateDir, log);
  return { stateDir, watch, wake, warnings, box };
}

type Bench = Awaited<ReturnType<typeof bench>>;

/** Whether a request that is left now is noticed, without a turn of the loop. */
async function notices({ box, wake }: Bench): Promise<void> {
  const before = wake.mock.calls.length;
  await box.leave({ action: 'hold' });
  await expect.poll(() => wake.mock.calls.length).toBeGreaterThan(before);
}

test('the first request ever wakes the sidecar, and so does each later one', async () => {
  const all = await bench();
  all.watch.ensure();
  await notices(all);
  await notices(all);
});

test('a request that was there before wakes the sidecar at once', async () => {
  const { box, watch, wake } = await bench();
  await box.leave({ action: 'hold' });
  watch.ensure();
  expect(wake).toHaveBeenCalledTimes(1);
  watch.ensure();
  expect(wake).toHaveBeenCalledTimes(1);
});

test('what the sidecar itself writes and removes wakes nobody', async () => {
  const all = await bench();
  const { stateDir, box, watch, wake } = all;
  await box.leave({ action: 'hold' });
  const [request] = await box.take();
  watch.ensure();
  wake.mockClear();
  await writeFile(join(stateDir, 'state.json'), '{}');
  await writeFile(join(stateDir, 'requests', 'x.json.tmp'), '{}');
  if (request !== undefined) await box.done(request);
  await rm(join(stateDir, 'requests', 'x.json.tmp'));
  await notices(all);
  // Events come in order: all of those before are over.
  expect(wake).toHaveBeenCalledTimes(1);
});

test.each(['requests', '.'])('the removal of %s ends nothing', async (removed) => {
  const all = await bench();
  const { stateDir, watch } = all;
  await mkdir(join(stateDir, 'requests'));
  watch.ensure();
  await notices(all);
  await rm(join(stateDir, removed), { recursive: true });
  watch.ensure();
  await mkdir(stateDir, { recursive: true });
  watch.ensure();
  await notices(all);
  expect(all.warnings).toEqual([]);
});

test('another directory in the place of the watched one is watched from the next turn on', async () => {
  const all = await bench();
  const { stateDir, watch } = all;
  await mkdir(join(stateDir, 'requests'));
  watch.ensure();
  await rename(stateDir, `${stateDir}.old`);
  await mkdir(join(stateDir, 'requests'), { recursive: true });
  watch.ensure();
  await notices(all);
});

test('without a state directory it waits for one', async () => {
  const all = await bench();
  const { stateDir, watch } = all;
  await rm(stateDir, { recursive: true });
  watch.ensure();
  await mkdir(stateDir);
  watch.ensure();
  await notices(all);
});

test('what cannot be watched is said once, and is no failure', async () => {
  const { log, warnings } = recordingLog();
  const watch = new RequestWatch('\0', () => undefined, log);
  watch.ensure();
  watch.ensure();
  expect(warnings).toEqual([expect.stringContaining('cannot be watched for')]);
});

test('after its end it wakes nobody', async () => {
  const { stateDir, watch, wake, box } = await bench();
  await mkdir(join(stateDir, 'requests'));
  watch.ensure();
  await watch[Symbol.asyncDispose]();
  await box.leave({ action: 'hold' });
  watch.ensure();
  const other = new RequestWatch(stateDir, () => undefined, recordingLog().log);
  await using _other = other;
  other.ensure();
  await box.leave({ action: 'hold' });
  expect(wake).not.toHaveBeenCalled();
});
