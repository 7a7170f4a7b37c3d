import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemCode } from '../../failure/failure.ts';
import { Alarm } from '../../platform/alarm.ts';
import { oneLine } from '../../platform/one-line.ts';
import { formatDuration } from '../../platform/units.ts';
import type { Answer, ReloadContext } from '../target.ts';

export interface AcknowledgementOptions {
  /** Absolute. */
  readonly path: string;
  /** Milliseconds. */
  readonly timeout: number;
}

/** Milliseconds between two looks. */
const first = 50;
const longest = 250;
/** So much of the file is read. Bytes. */
const keptContent = 4096;

/** What the file holds before a set is published: it may be older than this volume, and its sequences others. */
export async function lookAtAcknowledgement(path: string): Promise<string | undefined> {
  const looked = await look(path);
  return looked.kind === 'content' ? looked.text : undefined;
}

/**
 * Waits until the application has written the sequence of the set, or a later one, into the file; `7 rejected: reason`
 * refuses the set of sequence 7. `overtaken` ends the wait. Rejects only with the signal's reason.
 */
export async function awaitAcknowledgement(
  { path, timeout }: AcknowledgementOptions,
  { sequence, before }: Pick<ReloadContext, 'sequence' | 'before'>,
  signal: AbortSignal,
  overtaken: AbortSignal,
): Promise<Answer> {
  const either = AbortSignal.any([signal, overtaken]);
  const end = performance.now() + timeout;
  for (let delay = first; ; delay = Math.min(delay * 1.6, longest)) {
    signal.throwIfAborted();
    const isLast = performance.now() >= end;
    const seen = judgeContent(await look(path), sequence, before);
    switch (seen.kind) {
      case 'acknowledged':
        return { class: 'accepted' };
      case 'refused':
        return { class: 'rejected', detail: `WHERRY_ACK: ${path} says "${seen.said}"` };
      case 'impossible':
        return { class: 'misconfigured', detail: `WHERRY_ACK: ${path} ${seen.said}` };
      case 'open':
      case 'odd':
        break;
    }
    if (overtaken.aborted) return { class: 'busy', detail: 'overtaken by a newer set' };
    if (isLast) {
      const waited = `waited ${formatDuration(timeout)} (WHERRY_RELOAD_TIMEOUT) for sequence ${sequence}`;
      const detail = `WHERRY_ACK: ${path} ${seen.said}; ${waited}`;
      return { class: seen.kind === 'odd' ? 'misconfigured' : 'not-up', detail };
    }
    await new Alarm().wait(Math.max(Math.min(delay, end - performance.now()), 1), either);
  }
}

type Looked =
  | { readonly kind: 'content'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly said: string };

/** Never waits: what is there may be a pipe that nobody writes into. */
async function look(path: string): Promise<Looked> {
  try {
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) {
      return { kind: 'unreadable', said: 'is no regular file; choose another path' };
    }
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(keptContent), 0, keptContent, 0);
    return { kind: 'content', text: buffer.toString('utf8', 0, bytesRead) };
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return { kind: 'missing' };
    const cure =
      code === 'EACCES'
        ? 'let this user read it (fsGroup, or a mode of 0644)'
        : 'choose a path that the application can write and this container read';
    return { kind: 'unreadable', said: `cannot be read (${code ?? String(error)}); ${cure}` };
  }
}

export type Acknowledgement =
  | { readonly kind: 'acknowledged' }
  | { readonly kind: 'refused' | 'open' | 'odd' | 'impossible'; readonly said: string };

/** What the file says about the set of that sequence. */
export function judgeContent(looked: Looked, sequence: number, before?: string): Acknowledgement {
  switch (looked.kind) {
    case 'missing':
      return {
        kind: 'open',
        said: 'is not there yet; the application writes the sequence there that it loaded',
      };
    case 'unreadable':
      return { kind: 'impossible', said: looked.said };
    case 'content':
      break;
  }
  const text = oneLine(looked.text);
  const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  // A writer that is not atomic empties it first.
  if (text === '') return { kind: 'open', said: 'is empty' };
  const [, number, refusal] = /^(\d+)( rejected:.*)?$/.exec(text) ?? [];
  const written = number === undefined ? sequenceOfJson(looked.text) : Number(number);
  if (written === undefined || !Number.isSafeInteger(written)) {
    const expected = `a whole number, {"sequence":${sequence}} or "${sequence} rejected: reason"`;
    return { kind: 'odd', said: `holds "${shown}", and not ${expected}` };
  }
  if (refusal !== undefined) {
    return written === sequence
      ? { kind: 'refused', said: shown }
      : { kind: 'open', said: `holds "${shown}", about another set` };
  }
  if (looked.text === before)
    return { kind: 'open', said: `holds "${shown}", as before the set was published` };
  return written >= sequence ? { kind: 'acknowledged' } : { kind: 'open', said: `holds "${shown}"` };
}

function sequenceOfJson(text: string): number | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    const isObject = typeof parsed === 'object' && parsed !== null && 'sequence' in parsed;
    return isObject && typeof parsed.sequence === 'number' ? parsed.sequence : undefined;
  } catch {
    return undefined;
  }
}
