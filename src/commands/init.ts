import type { LoadedSettings } from '../settings/settings.ts';
import { begin } from './begin.ts';
import { codeOfStopped, Stopped } from './stopped.ts';

/** However something hangs, the process is gone before the kubelet would kill it. Milliseconds. */
const stopDeadline = 4000;

/** One sync without a signal. The main container starts after it and reads what it published. */
export async function init({ settings }: LoadedSettings, env: NodeJS.ProcessEnv): Promise<number> {
  process.umask(0);
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    stop.abort(new Stopped(name));
    setTimeout(() => process.exit(codeOfStopped), stopDeadline).unref();
  };
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  await using begun = await begin(settings, env);
  const { publishFirstSet } = await import('./first-set.ts');
  return await publishFirstSet({ settings, env, begun, stop: stop.signal });
}
