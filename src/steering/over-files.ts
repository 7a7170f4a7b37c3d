import { setTimeout as sleep } from 'node:timers/promises';
import type { Request, RequestOutcome, Wish } from '../engine/machine/request.ts';
import { readState } from '../engine/state-store.ts';
import { UnreachableError } from '../failure/failure.ts';
import type { Log } from '../platform/log.ts';
import { formatDuration } from '../platform/units.ts';
import { onTarget } from '../publish/target-errors.ts';
import { followToEnd, overtaken, type Patience } from './follow-outcome.ts';
import { FileRequestBox } from './request-box.ts';

/** Leaves a wish in the state directory, and waits for the sidecar that carries it out. */
export async function askOverFiles(
  stateDir: string,
  wish: Wish,
  log: Log,
  patience: Patience,
): Promise<RequestOutcome> {
  const box = new FileRequestBox(stateDir, log);
  const request = await onTarget(box.leave(wish), 'WHERRY_STATE_DIR');
  const last = async () => (await readState(stateDir))?.lastRequest;
  const ends = performance.now() + patience.taken;
  for (;;) {
    // In this order: its outcome is in the state before it goes from the box.
    const waits = await box.holds(request);
    const outcome = await last();
    if (outcome?.id === request.id) return followToEnd(outcome, last, patience);
    if (!waits && outcome !== undefined) throw overtaken(request, outcome);
    if (performance.now() >= ends) throw nobodyCame(request, box.pathOf(request), patience);
    await sleep(patience.interval);
  }
}

function nobodyCame({ action }: Request, path: string | undefined, { taken }: Patience): UnreachableError {
  const opposite = action === 'resume' ? 'hold' : 'resume';
  return new UnreachableError({
    problem: `${action}: no sidecar took the request within ${formatDuration(taken)}; it is written down (${path}), and a sidecar carries it out at its next look, or when it starts`,
    cure: `to withdraw it, remove that file, or say \`wherry ${opposite}\` after it`,
  });
}
