import type { StatusDocument } from '../../admin/status.ts';
import { UnexpectedError } from '../../failure/failure.ts';
import { httpGet } from './http-get.ts';
import type { Stage } from './stage.ts';
import { named, plural } from './witness.ts';

/** The application itself has the last word about what it serves. */
export async function confirm(
  { narrator, witness, application, signal }: Stage,
  { quarantine }: StatusDocument,
  expected: string,
): Promise<void> {
  const page = await httpGet(`${application.url}/`, signal);
  const served = page?.body.trim() ?? 'nothing';
  if (served !== expected)
    throw new UnexpectedError({ problem: `the application serves ${served}, and ${expected} was expected` });
  if (quarantine !== undefined) {
    narrator.event(
      undefined,
      'plain',
      'status',
      `${named(quarantine.revision)} is quarantined: ${quarantine.reason}`,
    );
  }
  const { sets, reloads } = witness.counts;
  narrator.event(undefined, 'plain', 'counted', `${plural(sets, 'swap')}, ${plural(reloads, 'reload')}`);
  narrator.event(undefined, 'good', 'serves', served);
}
