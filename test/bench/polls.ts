import { httpGet } from '../../src/commands/demo/http-get.ts';
import type { Sidecar } from '../../src/commands/demo/sidecar.ts';
import { until } from './measure.ts';

/** How many looks at the source the sidecar counts that found nothing new. */
export async function idlePolls({ adminUrl }: Sidecar, signal: AbortSignal): Promise<number> {
  const answer = await httpGet(`${adminUrl}/metrics`, signal);
  const match = /^wherry_polls_total\{[^}]*result="unchanged"[^}]*\} (\d+)/m.exec(answer?.body ?? '');
  return Number(match?.[1] ?? 0);
}

/** Waits for so many more of them, without asking so often that the asking would count. */
export async function awaitIdlePolls(sidecar: Sidecar, count: number, signal: AbortSignal): Promise<void> {
  const wanted = (await idlePolls(sidecar, signal)) + count;
  await until(`${count} polls`, async () => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return (await idlePolls(sidecar, signal)) >= wanted;
  });
}
