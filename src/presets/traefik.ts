import type { Preset } from './preset.ts';

/** SIGHUP makes the file provider read its file again. What it made of it, only its log and metrics say. */
export const traefik: Preset = {
  application: 'Traefik',
  settings: { reloadSignal: 'SIGHUP', reloadProcess: 'traefik' },
  validator: undefined,
};
