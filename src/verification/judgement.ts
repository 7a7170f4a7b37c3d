import { createHash } from 'node:crypto';
import { valueAt } from '../reload/http/json-pointer.ts';
import type { Expectation } from '../settings/gate-kinds.ts';

/** What one look says. `silent`: nothing answered. */
export type Impression =
  | { readonly kind: 'good' }
  | { readonly kind: 'bad' | 'silent'; readonly said: string };

/** What was there before a set was published. */
export interface Trace {
  /** Whether anything answered. */
  readonly up: boolean;
  /** Of the value that is to change; absent where there was none. */
  readonly value?: string | undefined;
}

interface Answered {
  readonly status: number;
  readonly body: string;
}

/** As the user writes it. */
export function expectationText(expected: Expectation): string {
  switch (expected.kind) {
    case 'status':
      return expected.statuses.text;
    case 'equals':
      return `json:${expected.pointer}=${expected.value}`;
    case 'changes':
      return `json:${expected.pointer} changes`;
  }
}

/**
 * Undefined when an answer is as expected, else what is wrong with it; '' where its status says it all. A value without
 * a trace from before, as after a restart, counts as changed: nobody can tell, and the application answers well.
 */
export function faultOf(
  expected: Expectation,
  { status, body }: Answered,
  before: Trace | undefined,
): string | undefined {
  if (expected.kind === 'status') return expected.statuses.includes(status) ? undefined : '';
  if (status < 200 || status >= 300) return '';
  const value = jsonAt(body, expected.pointer);
  switch (value.kind) {
    case 'no-json':
      return 'it is no JSON';
    case 'absent':
      return `it holds nothing at "${expected.pointer}"`;
    case 'found':
      break;
  }
  if (expected.kind === 'equals') {
    const fits = value.text === expected.value || value.string === expected.value;
    return fits ? undefined : `"${expected.pointer}" is ${excerpt(value.text)}`;
  }
  const isSame = before?.value === fingerprint(value.text);
  return isSame ? `"${expected.pointer}" is still ${excerpt(value.text)}` : undefined;
}

/** What is worth remembering of a look before a set is published, as one short text. */
export function traceText(expected: Expectation, answered: Answered | undefined): string {
  if (answered === undefined) return JSON.stringify({ up: false } satisfies Trace);
  const isGood = answered.status >= 200 && answered.status < 300;
  const value = expected.kind === 'changes' && isGood ? jsonAt(answered.body, expected.pointer) : undefined;
  return JSON.stringify({
    up: true,
    value: value?.kind === 'found' ? fingerprint(value.text) : undefined,
  } satisfies Trace);
}

/** Undefined for a text that this program did not write. */
export function parseTrace(text: string | undefined): Trace | undefined {
  if (text === undefined) return undefined;
  try {
    const { up, value } = JSON.parse(text) as Readonly<Partial<Record<keyof Trace, unknown>>>;
    if (typeof up !== 'boolean') return undefined;
    return { up, value: typeof value === 'string' ? value : undefined };
  } catch {
    return undefined;
  }
}

type Found =
  | { readonly kind: 'no-json' | 'absent' }
  | { readonly kind: 'found'; readonly text: string; readonly string: string | undefined };

function jsonAt(body: string, pointer: string): Found {
  try {
    const value = valueAt(body, pointer);
    if (value === undefined) return { kind: 'absent' };
    return {
      kind: 'found',
      text: JSON.stringify(value),
      string: typeof value === 'string' ? value : undefined,
    };
  } catch {
    return { kind: 'no-json' };
  }
}

/** A long value is told apart by its digest. */
function fingerprint(text: string): string {
  return text.length <= 100 ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function excerpt(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
