import { tellOfRejection } from './answer-log.ts';
import { verificationName } from './look-before.ts';
import type { Action } from './machine/events.ts';
import type { EngineOptions } from './options.ts';
import { rulesOf } from './parts.ts';
import type { Round } from './round.ts';

/** Asks until the application is well, or is known not to be. False when it was stopped. */
export async function verifySet(
  { log, observer }: Pick<EngineOptions, 'log' | 'observer'>,
  { memory, parts, overtaken, ending }: Round,
  { set, endless }: Action & { kind: 'verify' },
): Promise<boolean> {
  const { verification } = parts;
  if (verification === undefined) return false;
  const rules = rulesOf(parts);
  const { sequence, revision } = set;
  const started = performance.now();
  const { before } = memory.state;
  const noted: Promise<unknown>[] = [];
  const onTrouble = (detail: string) => {
    const why = endless
      ? 'there is no other to go back to'
      : 'the application was not up before it, so this is no verdict on it';
    log.error({ revision, sequence, detail }, `it does not verify, and stays: ${why}`);
    // What cannot be written now is written with the next event.
    noted.push(memory.tell({ type: 'unverified', sequence, detail }, rules).catch(() => undefined));
  };
  const looked = before?.sequence === sequence ? before.values[verificationName] : undefined;
  const verdict = await verification
    .verify({ before: looked, endless, onTrouble }, ending, overtaken)
    // Nothing of it is written after its end.
    .finally(() => Promise.all(noted));
  switch (verdict.kind) {
    case 'good':
      await memory.tell({ type: 'verified', sequence }, rules);
      observer.phase('verify', (performance.now() - started) / 1000);
      log.info({ revision, sequence, milliseconds: Math.round(performance.now() - started) }, 'verified');
      return true;
    case 'bad': {
      const { detail } = verdict;
      const next = await memory.tell({ type: 'verification-failed', sequence, detail }, rules);
      tellOfRejection(log, { set, rollsBack: next?.kind === 'roll-back' }, detail, verificationName);
      return true;
    }
    case 'overtaken':
      return false;
  }
}
