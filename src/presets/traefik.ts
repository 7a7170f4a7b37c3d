import type { Preset } from './preset.ts';

/**
 * Traefik follows no links. Its own watching sees plain files change one by one; SIGHUP makes the file provider read all
 * of them when they are there. What it made of them, only its log and metrics say.
 */
export const traefik: Preset = {
  application: 'Traefik',
  settings: { publish: 'rename', reloadSignal: 'SIGHUP', reloadProcess: 'traefik' },
  validator: undefined,
};
