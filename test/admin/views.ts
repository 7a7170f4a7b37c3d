import type { AdminView } from '../../src/admin/view.ts';
import type { RequestOutcome, Wish } from '../../src/engine/machine/request.ts';
import type { Log } from '../../src/platform/log.ts';
import { full } from './documents.ts';

/** A view of a sidecar that is well, but for what is given. */
export function viewOf(more: Partial<AdminView> = {}): AdminView {
  return {
    startup: () => ({ ok: true, reason: 'a set is published' }),
    ready: () => ({ ok: true, reason: 'the set is acknowledged' }),
    live: () => ({ ok: true, reason: 'the loop turns' }),
    status: () => full,
    metrics: (openMetrics) => (openMetrics ? '# EOF\n' : 'a 1\n'),
    ...more,
  };
}

/** What a sidecar answers that does as it is asked. */
export async function granted({ action }: Wish): Promise<RequestOutcome> {
  return { id: 'a1', action, result: 'done', detail: `${action} it is`, at: '2026-01-01T00:00:00.000Z' };
}

/** A log that keeps what was warned of, and worse. */
export function recordingLog(): { readonly log: Log; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const keep = (_fields: object, message: string) => {
    warnings.push(message);
  };
  const drop = () => undefined;
  return { log: { trace: drop, debug: drop, info: drop, warn: keep, error: keep }, warnings };
}
