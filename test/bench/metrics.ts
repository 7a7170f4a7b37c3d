import { httpGet } from '../../src/commands/demo/http-get.ts';
import type { Sidecar } from '../../src/commands/demo/sidecar.ts';
import { until } from './measure.ts';

/** How many looks at the source the sidecar counts that found nothing new. */
export async function idlePolls(sidecar: Sidecar, signal: AbortSignal): Promise<number> {
  const text = await metricsOf(sidecar, signal);
  return Number(/^wherry_polls_total\{[^}]*result="unchanged"[^}]*\} (\d+)/m.exec(text)?.[1] ?? 0);
}

/** The milliseconds that it has spent in each phase of its syncs. */
export async function phaseTimes(
  sidecar: Sidecar,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const text = await metricsOf(sidecar, signal);
  const sums = text.matchAll(/^wherry_sync_duration_seconds_sum\{phase="(\w+)"\} (\S+)/gm);
  return new Map([...sums].map(([, phase = '', seconds]) => [phase, Number(seconds) * 1000]));
}

/** Waits for the first set to be published, and acknowledged where that is asked for. */
export async function published(sidecar: Sidecar, signal: AbortSignal): Promise<void> {
  await until('the first publish', async () => {
    const status = await sidecar.status(signal);
    return status?.published !== undefined && !status.pending;
  });
}

async function metricsOf({ adminUrl }: Sidecar, signal: AbortSignal): Promise<string> {
  return (await httpGet(`${adminUrl}/metrics`, signal))?.body ?? '';
}
