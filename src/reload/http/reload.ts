import type { HttpConfirmation, Preset } from '../../presets/preset.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Answer, ReloadContext } from '../target.ts';
import { type Access, accessTo } from './access.ts';
import { besideReload } from './beside.ts';
import { bodyOf } from './body.ts';
import { callOverHttp, createHttpCall } from './call.ts';
import { confirm } from './confirm.ts';
import { countersText } from './counters.ts';
import { countAt } from './judgement.ts';
import { type Look, look } from './look.ts';

/** One URL, and what is known of the application behind it. */
export interface Endpoint {
  readonly url: URL;
  readonly settings: Settings;
  /** Absolute: where the sets are published, and what is private to this program. */
  readonly targetDir: string;
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly preset: Preset | undefined;
}

/** Longer than that a publish does not wait for a look at the application. Milliseconds. */
const longestPreparation = 5000;

/** Reads what must be known before a set is published; undefined when it cannot be known. */
export async function prepareOverHttp(endpoint: Endpoint, signal: AbortSignal): Promise<string | undefined> {
  const confirmation = confirmationOf(endpoint.preset);
  if (confirmation?.kind !== 'counters') return undefined;
  const timeout = Math.min(endpoint.settings.reloadTimeout, longestPreparation);
  const looked = await lookBeside(endpoint, confirmation.path, timeout, signal);
  return isGood(looked) ? countersText(confirmation, looked.response.body) : undefined;
}

/** Tells the application, if it can be told now, and looks whether it took the set, where that can be seen. */
export async function reloadOverHttp(
  endpoint: Endpoint,
  context: ReloadContext,
  signal: AbortSignal,
  overtaken: AbortSignal = new AbortController().signal,
): Promise<Answer> {
  const { url, settings, targetDir, stateDir, preset } = endpoint;
  const confirmation = confirmationOf(preset);
  let baseline = context.before;
  if (preset?.call !== 'none') {
    const unready = await answerUnlessReady(endpoint, signal);
    if (unready !== undefined) return unready;
    const count = await countBefore(endpoint, signal);
    if ('answer' in count) return count.answer;
    baseline = count.baseline ?? baseline;
    const found = await bodyOf(settings, { targetDir, stateDir });
    if ('answer' in found) return found.answer;
    const own = { access: accessOf(url, endpoint), body: found.body, dialect: preset ?? {} };
    const answer = await callOverHttp(createHttpCall(url, settings, own), context, signal);
    if (answer.class !== 'accepted') return answer;
  }
  if (preset === undefined || confirmation === undefined) return { class: 'accepted' };
  const beside = besideReload(url, preset, confirmation.path);
  const options = {
    url: beside,
    access: accessOf(beside, endpoint),
    timeout: settings.reloadTimeout,
    confirmation,
    before: { baseline, publishedAt: Date.parse(context.publishedAt) },
  };
  return confirm(options, signal, overtaken);
}

/** What an application says that cannot be told yet; undefined when it can, or has no way to say so. */
async function answerUnlessReady(endpoint: Endpoint, signal: AbortSignal): Promise<Answer | undefined> {
  const { preset, settings } = endpoint;
  if (preset?.ready === undefined) return undefined;
  const looked = await lookBeside(endpoint, preset.ready, settings.reloadTimeout, signal);
  switch (looked.kind) {
    case 'silent':
      return { class: 'not-up', detail: looked.said };
    case 'impossible':
      return { class: 'misconfigured', detail: looked.said };
    case 'answered':
      // Any other status is about the question; the call itself brings what is to be said about it.
      return looked.response.status >= 500 || looked.response.status === 429
        ? { class: 'busy', detail: `${looked.said}; it is not ready for a reload yet` }
        : undefined;
  }
}

/** The number that the call must raise. */
async function countBefore(
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<{ readonly baseline: string | undefined } | { readonly answer: Answer }> {
  const confirmation = confirmationOf(endpoint.preset);
  if (confirmation?.kind !== 'json-rises') return { baseline: undefined };
  const looked = await lookBeside(endpoint, confirmation.path, endpoint.settings.reloadTimeout, signal);
  if (looked.kind === 'silent') return { answer: { class: 'not-up', detail: looked.said } };
  if (isGood(looked)) {
    const count = countAt(looked.response.body, confirmation.pointer);
    if (count !== undefined) return { baseline: String(count) };
  }
  if (looked.kind === 'answered' && looked.response.status >= 500) {
    return { answer: { class: 'busy', detail: looked.said } };
  }
  const missing = `${looked.said}; a number at ${confirmation.pointer} must tell whether the set is taken`;
  const cure = looked.kind === 'answered' ? endpoint.preset?.cures?.[looked.response.status] : undefined;
  return {
    answer: { class: 'misconfigured', detail: cure === undefined ? missing : `${missing}; ${cure}` },
  };
}

function lookBeside(endpoint: Endpoint, path: string, timeout: number, signal: AbortSignal): Promise<Look> {
  const url =
    endpoint.preset === undefined ? endpoint.url : besideReload(endpoint.url, endpoint.preset, path);
  return look({ url, access: accessOf(url, endpoint), timeout }, signal);
}

function accessOf(url: URL, { settings, env }: Endpoint): Access {
  return accessTo(url, settings, env);
}

function isGood(looked: Look): looked is Extract<Look, { kind: 'answered' }> {
  return looked.kind === 'answered' && looked.response.status >= 200 && looked.response.status < 300;
}

/** What the process shows is no business of a URL. */
function confirmationOf(preset: Preset | undefined): HttpConfirmation | undefined {
  const confirmation = preset?.confirm;
  return confirmation !== undefined && 'path' in confirmation ? confirmation : undefined;
}
