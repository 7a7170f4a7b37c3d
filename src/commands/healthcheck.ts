import { exitCodes, SettingsError } from '../failure/failure.ts';
import type { LoadedSettings } from '../settings/settings.ts';

const probes = ['startupz', 'readyz', 'livez'] as const;

/** Asks the running sidecar, for `exec` probes: 0 when it is well, else 1 and the reason. Milliseconds. */
const patience = 3000;

export async function healthcheck(
  { settings }: LoadedSettings,
  word: string | undefined,
  out: NodeJS.WritableStream,
): Promise<number> {
  const probe = probes.find((name) => name === word);
  if (probe === undefined) {
    throw new SettingsError({
      problem: `healthcheck: ${word === undefined ? 'no probe was named' : `"${word}" is no probe`}`,
      cure: `write wherry healthcheck ${probes.join('|')}`,
    });
  }
  const { adminAddress } = settings;
  if (adminAddress === 'off') {
    throw new SettingsError({
      setting: 'WHERRY_ADMIN_ADDRESS',
      problem: 'it is off, and probes ask that address',
      cure: 'set it, e.g. to 127.0.0.1:9717',
    });
  }
  const { askHealth } = await import('../admin/client.ts');
  const health = await askHealth(adminAddress, probe, patience);
  out.write(`${health.ok ? 'ok' : 'not ok'}: ${health.reason}\n`);
  return health.ok ? exitCodes.done : exitCodes.unexpected;
}
