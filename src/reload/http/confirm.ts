import { Alarm } from '../../platform/alarm.ts';
import { formatDuration } from '../../platform/units.ts';
import type { HttpConfirmation } from '../../presets/preset.ts';
import type { Answer } from '../target.ts';
import type { Before, Finding } from './finding.ts';
import { judge } from './judgement.ts';
import { type Look, type LookOptions, look } from './look.ts';

export interface ConfirmOptions extends LookOptions {
  readonly confirmation: HttpConfirmation;
  readonly before: Before;
}

/** Milliseconds between two looks. */
const first = 50;
const longest = 1000;
const lastLook = 1000;

type Seen = Finding | { readonly kind: 'silent' | 'impossible' | 'unwell'; readonly said: string };

/**
 * Looks until the application shows that it took the set, or that it did not, for as long as one call may take.
 * `overtaken` ends it early. Rejects only with the reason of `signal`.
 */
export async function confirm(
  options: ConfirmOptions,
  signal: AbortSignal,
  overtaken: AbortSignal,
): Promise<Answer> {
  const either = AbortSignal.any([signal, overtaken]);
  try {
    return await watch(options, either);
  } catch (error) {
    signal.throwIfAborted();
    if (overtaken.aborted) return { class: 'busy', detail: 'overtaken by a newer set' };
    throw error;
  }
}

async function watch(options: ConfirmOptions, signal: AbortSignal): Promise<Answer> {
  const started = performance.now();
  const end = started + options.timeout;
  let since = started;
  let last: Seen | undefined;
  for (let delay = first; ; delay = Math.min(delay * 1.6, longest)) {
    // The last look gets its time too: what it finds decides.
    const timeout = Math.ceil(Math.max(end - performance.now(), Math.min(options.timeout, lastLook)));
    const seen = see(options, await look({ ...options, timeout }, signal));
    const now = performance.now();
    if (seen.kind !== last?.kind) since = now;
    last = seen;
    const isOver = now >= end;
    const answer = isOver ? atTheEnd(seen, options) : inBetween(seen, now - since);
    if (answer !== undefined) return answer;
    const stays = 'stays' in seen ? since + seen.stays - now : Number.POSITIVE_INFINITY;
    await new Alarm().wait(Math.max(Math.min(delay, end - now, stays), 1), signal);
    signal.throwIfAborted();
  }
}

function see({ confirmation, before }: ConfirmOptions, looked: Look): Seen {
  if (looked.kind !== 'answered') return looked;
  const { status, body } = looked.response;
  if (status >= 200 && status < 300) {
    const finding = judge(confirmation, body, before);
    if (finding.kind === 'taken') return finding;
    const asked = looked.said.replace(/ answered .*/s, '');
    return { ...finding, said: `${asked}: ${finding.said}` };
  }
  if (status >= 500 || mayPass.has(status)) return { kind: 'unwell', said: looked.said };
  return {
    kind: 'impossible',
    said: `${looked.said}; WHERRY_RELOAD_PRESET needs it to see whether the set was taken: allow it, or set WHERRY_RELOAD_URL without the preset`,
  };
}

const mayPass = new Set([408, 409, 425, 429]);

/** Undefined while there is something to wait for. */
function inBetween(seen: Seen, stayed: number): Answer | undefined {
  switch (seen.kind) {
    case 'impossible':
      return { class: 'misconfigured', detail: seen.said };
    case 'taken':
    case 'refused':
    case 'unreadable':
      return stayed >= seen.stays ? verdict(seen) : undefined;
    case 'open':
    case 'silent':
    case 'unwell':
      return undefined;
  }
}

function atTheEnd(seen: Seen, { timeout }: ConfirmOptions): Answer {
  const waited = `${formatDuration(timeout)} (WHERRY_RELOAD_TIMEOUT)`;
  switch (seen.kind) {
    case 'impossible':
      return { class: 'misconfigured', detail: seen.said };
    case 'taken':
    case 'refused':
    case 'unreadable':
      return verdict(seen);
    case 'open':
      return { class: seen.overdue, detail: `${seen.said}; waited ${waited}` };
    case 'silent':
      return { class: 'not-up', detail: `${seen.said}; the set cannot be confirmed, waited ${waited}` };
    case 'unwell':
      return { class: 'busy', detail: `${seen.said}; the set cannot be confirmed, waited ${waited}` };
  }
}

function verdict(finding: Exclude<Finding, { kind: 'open' }>): Answer {
  switch (finding.kind) {
    case 'taken':
      return { class: 'accepted' };
    case 'refused':
      return { class: 'rejected', detail: finding.said };
    case 'unreadable':
      return { class: 'misconfigured', detail: finding.said };
  }
}
