import { createHash } from 'node:crypto';
import { presets } from '../../presets/presets.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Target } from '../target.ts';
import { shownUrl } from './access.ts';

export interface UrlTargetOptions {
  readonly settings: Settings;
  /** Absolute: where the sets are published, and what is private to this program. */
  readonly targetDir: string;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
}

/** An HTTP endpoint that is called after a publish, in the way of its preset. */
export function urlTarget(name: string, url: URL, options: UrlTargetOptions): Target {
  const { reloadPreset, reloadMethod } = options.settings;
  const preset = reloadPreset === undefined ? undefined : presets[reloadPreset];
  const endpoint = { url, ...options, preset };
  const told = preset?.call === 'none' ? 'watched' : reloadMethod;
  return {
    name,
    identity: [told, `${shownUrl(url)}${markOf(url.search)}`, reloadPreset ?? []].flat().join(' '),
    reload: async (context, signal, overtaken) => {
      const { reloadOverHttp } = await import('./reload.ts');
      return reloadOverHttp(endpoint, context, signal, overtaken);
    },
    ...(preset?.confirm?.kind === 'counters'
      ? {
          prepare: async (signal) => {
            const { prepareOverHttp } = await import('./reload.ts');
            return prepareOverHttp(endpoint, signal);
          },
        }
      : {}),
  };
}

/** Tells queries apart. It is far too short to give away a token in one. */
function markOf(query: string): string {
  return query === '' ? '' : `?${createHash('sha256').update(query).digest('hex').slice(0, 4)}`;
}
