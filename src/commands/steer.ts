import { stat } from 'node:fs/promises';
import type { RequestOutcome, Wish } from '../engine/machine/request.ts';
import { readState } from '../engine/state-store.ts';
import { exitCodes, RefusedError, SettingsError } from '../failure/failure.ts';
import type { Settings } from '../settings/schema.ts';
import type { LoadedSettings } from '../settings/settings.ts';
import { inFull } from '../steering/abbreviation.ts';
import { type Patience, usualPatience } from '../steering/follow-outcome.ts';
import { askOverFiles } from '../steering/over-files.ts';
import { wishOf } from '../steering/wish.ts';
import { placesOf } from './places.ts';
import { loggerFor } from './wiring.ts';

export interface SteerOptions {
  readonly action: Wish['action'];
  /** What `pin` is given. */
  readonly word: string | undefined;
  readonly asJson: boolean;
}

/** Asks a running sidecar, or its next start, to hold, pin, resume or roll back; and tells what became of it. */
export async function steer(
  { settings }: LoadedSettings,
  { action, word, asJson }: SteerOptions,
  out: NodeJS.WritableStream,
  patience: Patience = usualPatience,
): Promise<number> {
  const outcome = await ask(settings, wishOf(action, word), patience);
  const { result, detail } = outcome;
  if (asJson) out.write(`${JSON.stringify(outcome, null, 2)}\n`);
  if (result === 'refused') throw new RefusedError({ problem: `${action}: ${detail}` });
  if (!asJson) out.write(`${detail}\n`);
  return exitCodes.done;
}

/** At its address when there is a token for it, and where that cannot be had through the state directory. */
async function ask(settings: Settings, wish: Wish, patience: Patience): Promise<RequestOutcome> {
  const { adminToken, adminAddress } = settings;
  if (adminToken !== undefined && adminAddress !== 'off') {
    const { askOverApi } = await import('../steering/over-api.ts');
    const outcome = await askOverApi(adminAddress, adminToken, wish, patience);
    if (outcome !== undefined) return outcome;
  }
  const { target, stateDir } = placesOf(settings);
  if (!(await isDirectory(stateDir))) {
    throw new SettingsError({
      setting: 'WHERRY_TARGET',
      problem: `${stateDir} is not there: no sidecar keeps ${target}, or it is another directory`,
      cure: `give ${wish.action} the target and state directory of the sidecar`,
    });
  }
  const whole = inFull(wish, await readState(stateDir));
  return askOverFiles(stateDir, whole, await loggerFor(settings), patience);
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
