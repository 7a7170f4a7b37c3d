import { createHash } from 'node:crypto';
import type { Settings } from '../settings/schema.ts';
import { createHttpCall, shownUrl } from './http-call.ts';
import type { Target } from './target.ts';

/** An HTTP endpoint that is called after a publish. */
export function urlTarget(name: string, url: URL, settings: Settings, env: NodeJS.ProcessEnv): Target {
  return {
    name,
    identity: `${settings.reloadMethod} ${shownUrl(url)}${markOf(url.search)}`,
    reload: async (context, signal) => {
      const { callOverHttp } = await import('./http.ts');
      return callOverHttp(createHttpCall(url, settings, env), context, signal);
    },
  };
}

/** Tells queries apart. It is far too short to give away a token in one. */
function markOf(query: string): string {
  return query === '' ? '' : `?${createHash('sha256').update(query).digest('hex').slice(0, 4)}`;
}
