import type { RequestOutcome, Wish } from '../engine/machine/request.ts';
import { Failure, SettingsError } from '../failure/failure.ts';
import { wishOf } from '../steering/wish.ts';
import { json, type Reply, text } from './reply.ts';

export interface SteeringOptions {
  /** Carries a wish out. Rejects with a `Failure` when that cannot be done yet. */
  readonly onWish: (wish: Wish) => Promise<RequestOutcome>;
}

const statuses: Readonly<Record<RequestOutcome['result'], number>> = {
  done: 200,
  'under-way': 202,
  refused: 409,
};

/** Answers what a person asks for with what became of it. */
export async function steer(
  action: Wish['action'],
  revision: string | undefined,
  { onWish }: SteeringOptions,
): Promise<Reply> {
  try {
    const outcome = await onWish(wishOf(action, revision));
    return { status: statuses[outcome.result], type: json, body: `${JSON.stringify(outcome, null, 2)}\n` };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { status: error instanceof SettingsError ? 400 : 503, type: text, body: `${error.message}\n` };
  }
}
