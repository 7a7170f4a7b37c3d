import { ensureDirectory } from '../platform/directory.ts';
import type { Log } from '../platform/log.ts';
import { pause } from '../platform/pause.ts';
import { describe, type Holder, isInReach } from './holder.ts';
import { isOnOneMachine, Lease, type LeaseSeen, readLease } from './lease.ts';
import { waitForEnd } from './take-socket.ts';
import type { Waiting } from './waiting.ts';

export interface TakeLeaseOptions {
  readonly stateDir: string;
  readonly self: Holder;
  /** Milliseconds in which a knock is heard. */
  readonly beat: number;
  readonly waiting: Waiting;
  readonly log: Log;
}

/** Time for the last of two that took over at once to be seen by the other. Milliseconds. */
const settling = 500;

/** Puts the lease into the state directory as soon as nobody else holds it. */
export async function takeLease(options: TakeLeaseOptions, signal: AbortSignal): Promise<Lease> {
  const { stateDir, self, waiting } = options;
  const lease = new Lease(stateDir, self);
  await ensureDirectory(stateDir, 0o700);
  for (;;) {
    const seen = await readLease(stateDir);
    const socket = seen && socketInReach(seen, self);
    if (socket !== undefined) await waitForEnd(socket, waiting, signal);
    if (seen === undefined || socket !== undefined || (await isOver(seen, stateDir, self))) {
      if (await lease.put(seen)) return lease;
    } else {
      const silent = await outlasted(seen, options, signal);
      if (silent === undefined || !(await lease.put(silent))) continue;
      // Another may have come to the same conclusion: the last one has it.
      await pause(settling, signal);
      if ((await lease.look()) === 'ours') return lease;
    }
  }
}

/** The same for one that works on the target without a lease, which could not be written: whose it is, if not its. */
export async function takeLateLease({ stateDir, self }: TakeLeaseOptions): Promise<Lease | LeaseSeen> {
  const lease = new Lease(stateDir, self);
  await ensureDirectory(stateDir, 0o700);
  for (;;) {
    const seen = await readLease(stateDir);
    if (seen !== undefined && !(await isOver(seen, stateDir, self))) return seen;
    if (await lease.put(seen)) return lease;
  }
}

/** Whether it is certain that nobody holds it any more. */
async function isOver(seen: LeaseSeen, stateDir: string, self: Holder): Promise<boolean> {
  const { holder } = seen;
  if (holder?.boot === undefined || self.boot === undefined) return false;
  if (holder.boot !== self.boot) return isOnOneMachine(stateDir);
  // Its socket would answer, and is held by this process.
  return isInReach(holder, self) && holder.socket !== undefined && holder.socket === self.socket;
}

/** The socket, of another target, of a holder that lives as long as that answers. */
function socketInReach({ holder }: LeaseSeen, self: Holder): string | undefined {
  if (holder === undefined || self.socket === undefined || !isInReach(holder, self)) return undefined;
  return holder.socket === self.socket ? undefined : holder.socket;
}

/** What is seen last of a holder that gives no sign of life; undefined when it gave the lease back. */
async function outlasted(
  { holder }: LeaseSeen,
  { stateDir, beat, waiting, log }: TakeLeaseOptions,
  signal: AbortSignal,
): Promise<LeaseSeen | undefined> {
  const { outlast, silence } = await import('./outlast.ts');
  waiting.forSignOf(holder, Math.ceil((silence * beat) / 1000));
  const onSign = (now: Holder | undefined) => waiting.forEndOf(now);
  const silent = await outlast({ stateDir, beat, onSign }, signal);
  if (silent !== undefined) log.warn({ holder }, `${describe(holder)} gives no sign of life`);
  return silent;
}
