import { randomUUID } from 'node:crypto';
import type { Engine } from '../engine/engine.ts';
import type { Loop } from '../engine/loop.ts';
import type { RequestOutcome, Wish } from '../engine/machine/request.ts';
import { UnreachableError } from '../failure/failure.ts';
import { inFull } from '../steering/abbreviation.ts';

/** Does what a person asks the running sidecar for: what is decided is on disk when it resolves. */
export async function carryOut(wish: Wish, engine: Engine, loop: Loop): Promise<RequestOutcome> {
  const { state } = engine;
  if (loop.refusal !== undefined) throw loop.refusal;
  if (state === undefined) {
    throw new UnreachableError({
      problem: 'the sidecar could not open its target yet',
      cure: 'its log says why; ask again when it is open',
    });
  }
  const outcome = await engine.ask({ ...inFull(wish, state), id: randomUUID() });
  loop.wake();
  return outcome;
}
