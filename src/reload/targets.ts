import { createHash } from 'node:crypto';
import type { Settings } from '../settings/schema.ts';
import { createHttpCall, shownUrl } from './http-call.ts';
import type { Target } from './target.ts';

export interface TargetsOptions {
  readonly settings: Settings;
  /** Absolute: what the sentinel's path is relative to. */
  readonly targetDir: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Everything that the settings say is told after a publish, in the order of telling. What tells it is loaded then. */
export function createTargets({ settings, targetDir, env }: TargetsOptions): Target[] {
  const { reloadUrl = [], reloadSignal, reloadProcess, sentinel } = settings;
  const targets = reloadUrl.map((url, index) => urlTarget(`url${index + 1}`, url, settings, env));
  if (reloadSignal !== undefined && reloadProcess !== undefined) {
    targets.push(signalTarget(reloadSignal, reloadProcess));
  }
  if (sentinel !== undefined) targets.push(sentinelTarget(sentinel, targetDir, settings.fsync));
  return targets;
}

function urlTarget(name: string, url: URL, settings: Settings, env: NodeJS.ProcessEnv): Target {
  return {
    name,
    identity: `${settings.reloadMethod} ${shownUrl(url)}${markOf(url.search)}`,
    reload: async (context, signal) => {
      const { callOverHttp } = await import('./http.ts');
      return callOverHttp(createHttpCall(url, settings, env), context, signal);
    },
  };
}

function signalTarget(signalName: NodeJS.Signals, process: string): Target {
  return {
    name: 'signal',
    identity: `${signalName} ${process}`,
    reload: async (_context, signal) => {
      const { signalProcess } = await import('./process-signal.ts');
      signal.throwIfAborted();
      return signalProcess(process, signalName);
    },
  };
}

function sentinelTarget(path: string, targetDir: string, fsync: boolean): Target {
  return {
    name: 'sentinel',
    identity: path,
    reload: async (context, signal) => {
      const { writeSentinel } = await import('./sentinel.ts');
      signal.throwIfAborted();
      return writeSentinel({ path, targetDir, fsync }, context);
    },
  };
}

/** Tells queries apart. It is far too short to give away a token in one. */
function markOf(query: string): string {
  return query === '' ? '' : `?${createHash('sha256').update(query).digest('hex').slice(0, 4)}`;
}
