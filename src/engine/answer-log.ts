import type { Log } from '../platform/log.ts';
import type { Answer, Target } from '../reload/target.ts';
import type { PublishedSet } from './machine/state.ts';

export interface ToldOfAnswer {
  readonly set: PublishedSet;
  readonly target: Target;
  readonly answer: Answer;
  readonly attempt: number;
  readonly milliseconds: number;
  /** The same answer was told of before. */
  readonly isRepeated: boolean;
  /** What a rejection leads to. */
  readonly rollsBack: boolean;
}

/** One log line for an answer: loud where somebody has to do something, quiet where it only takes time. */
export function describeAnswer(log: Log, told: ToldOfAnswer): void {
  const { set, target, answer, attempt, isRepeated } = told;
  const fields = { target: target.name, sequence: set.sequence, attempt };
  switch (answer.class) {
    case 'accepted':
      log.info({ ...fields, milliseconds: Math.round(told.milliseconds) }, 'reload accepted');
      break;
    case 'misconfigured':
      log.error(
        { ...fields, detail: answer.detail },
        'the reload call itself is wrong; it is tried again slowly',
      );
      break;
    case 'not-up':
    case 'busy': {
      const message = `not delivered yet: ${answer.class}`;
      if (isRepeated) log.debug({ ...fields, detail: answer.detail }, message);
      else log.warn({ ...fields, detail: answer.detail }, `${message}; it is tried again`);
      break;
    }
    case 'rejected':
      tellOfRejection(log, told, answer.detail, target.name);
      break;
  }
}

/** By a target, or by the verification. */
export function tellOfRejection(
  log: Log,
  { set, rollsBack }: Pick<ToldOfAnswer, 'set' | 'rollsBack'>,
  detail: string,
  by: string,
): void {
  const message = rollsBack
    ? 'the set was rejected'
    : 'the set was rejected, and stays: there is no other to go back to';
  log.error({ revision: set.revision, target: by, detail }, message);
}
