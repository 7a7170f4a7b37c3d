import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type LockOptions, TargetLock } from '../../src/lock/target-lock.ts';
import { RecordingLog } from './recording-log.ts';
import { temporaryDirectory } from './temporary.ts';

export const never = new AbortController().signal;

/** A state directory that pods share, each with a name of its own for the target, as in a network of its own. */
export async function sharedVolume(beat = 100) {
  const stateDir = await temporaryDirectory();
  const lockOf = async (host: string, more: Partial<LockOptions> = {}) => {
    const log = new RecordingLog();
    const lock = new TargetLock({
      policy: 'wait',
      target: await temporaryDirectory(),
      stateDir,
      dirMode: 0o755,
      source: 'a source',
      log,
      beat,
      place: { host, boot: 'boot', network: `network of ${host}` },
      ...more,
    });
    onTestFinished(() => lock[Symbol.asyncDispose]());
    const said = () => log.lines.map(({ message }) => message).join('\n');
    return { lock, log, said };
  };
  const leaseFile = join(stateDir, 'lease.json');
  return { stateDir, leaseFile, lockOf, holder: async () => JSON.parse(await readFile(leaseFile, 'utf8')) };
}

/** As a process ends that is killed: it says nothing to anybody, and its lease stays. */
export async function killed(lock: TargetLock, leaseFile: string): Promise<void> {
  const left = await readFile(leaseFile);
  await lock[Symbol.asyncDispose]();
  await writeFile(leaseFile, left);
}
