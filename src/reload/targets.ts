import type { Settings } from '../settings/schema.ts';
import { execTarget } from './command/exec-target.ts';
import { acknowledgementTarget } from './file/acknowledgement-target.ts';
import { sentinelTarget } from './file/sentinel-target.ts';
import { haproxyTarget, isHaproxyCli } from './haproxy/haproxy-target.ts';
import { urlTarget } from './http/url-target.ts';
import { signalTarget } from './process/signal-target.ts';
import type { Target } from './target.ts';

export interface TargetsOptions {
  readonly settings: Settings;
  /** Absolute: what the paths of the sentinel and the acknowledgement are relative to. */
  readonly targetDir: string;
  /** Absolute: private to this program. */
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Everything that the settings say is told after a publish, in the order of telling. What tells it is loaded then. */
export function createTargets({ settings, targetDir, stateDir, env }: TargetsOptions): Target[] {
  const { reloadUrl = [], reloadSignal, reloadProcess, reloadExec, sentinel, ack, fsync } = settings;
  const timeout = settings.reloadTimeout;
  const targets = reloadUrl.map((url, index) =>
    isHaproxyCli(url)
      ? haproxyTarget(`url${index + 1}`, url, timeout)
      : urlTarget(`url${index + 1}`, url, { settings, targetDir, stateDir, env }),
  );
  if (reloadSignal !== undefined && reloadProcess !== undefined) {
    targets.push(signalTarget(reloadSignal, reloadProcess, settings));
  }
  if (reloadExec !== undefined) {
    const { publish, linkName } = settings;
    const options = { command: reloadExec, publish, linkName, targetDir, stateDir, timeout, env };
    targets.push(execTarget(options));
  }
  if (sentinel !== undefined) targets.push(sentinelTarget({ path: sentinel, targetDir, fsync }));
  if (ack !== undefined) targets.push(acknowledgementTarget({ path: ack, targetDir, timeout }));
  return targets;
}
