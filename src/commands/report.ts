import { existsSync, writeFileSync } from 'node:fs';
import { toFailure } from '../failure/failure.ts';
import { hideCredentials, SettingsErrors } from '../settings/settings.ts';

const terminationLog = '/dev/termination-log';

/**
 * Says why a command ends, a line a problem, and gives its exit code. `isContainer` is false for a command that is run
 * beside the sidecar, in its container: what the kubelet is told is not its to write.
 */
export function reportFatal(error: unknown, isContainer = true): number {
  const failure = toFailure(error);
  // Unheard, what keeps the lines from being written would take the place of the exit code.
  process.stderr.on('error', () => undefined);
  const lines = failure instanceof SettingsErrors ? failure.problems : [failure.message];
  for (const line of lines) process.stderr.write(`wherry: ${hideCredentials(line)}\n`);
  if (process.env['WHERRY_LOG_LEVEL'] === 'debug' && failure.cause instanceof Error) {
    process.stderr.write(`${hideCredentials(failure.cause.stack ?? '')}\n`);
  }
  if (isContainer) tellKubelet(hideCredentials(lines.join('\n')));
  return failure.exitCode;
}

/** What stands in this file, `kubectl describe pod` shows as the container's last state. */
function tellKubelet(text: string): void {
  try {
    if (existsSync(terminationLog)) writeFileSync(terminationLog, `${text}\n`, { flag: 'r+' });
  } catch {
    // It is a courtesy: the line stands on standard error too.
  }
}
