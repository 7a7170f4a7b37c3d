import { oneLine } from '../../platform/one-line.ts';
import { formatDuration } from '../../platform/units.ts';
import type { AnswerPattern, Preset } from '../../presets/preset.ts';
import type { Statuses } from '../../settings/kinds.ts';
import type { Answer } from '../target.ts';
import { cureOfError, messageOf, reloadWording } from './errors.ts';
import { CallTimeout, type Response } from './exchange.ts';

/** What was asked, as far as it may be shown. */
export interface Call {
  readonly method: string;
  /** Without user name, password and query. */
  readonly url: string;
  readonly expect: Statuses;
  /** Milliseconds. */
  readonly timeout: number;
  /** What the application's answers mean beyond their status. */
  readonly dialect: Dialect;
}

export type Dialect = Pick<Preset, 'busy' | 'misconfigured' | 'cures'>;

/** Takes secrets out of a text. */
type Hide = (text: string) => string;

const busy = new Set([409, 425, 429, 503]);

/** Puts a whole answer into its class. */
export function classifyResponse(call: Call, response: Response, hide: Hide): Answer {
  const { status } = response;
  const said = describe(call, response, hide);
  const withCure = ({ cure }: AnswerPattern) => (cure === undefined ? said : `${said}; ${cure}`);
  const wrong = call.dialect.misconfigured?.find((pattern) => matches(pattern, response));
  if (wrong !== undefined) return { class: 'misconfigured', detail: withCure(wrong) };
  const later = call.dialect.busy?.find((pattern) => matches(pattern, response));
  if (later !== undefined) return { class: 'busy', detail: withCure(later) };
  if (call.expect.includes(status)) return { class: 'accepted' };
  if (busy.has(status)) return { class: 'busy', detail: said };
  const cure = cureOf(call, response);
  if (cure === undefined) return { class: 'rejected', detail: said };
  return { class: 'misconfigured', detail: `${said}; ${call.dialect.cures?.[status] ?? cure}` };
}

/** Puts a call that brought no whole answer into its class. */
export function classifyError(call: Call, error: unknown, hide: Hide): Answer {
  const asked = `${call.method} ${call.url}`;
  if (error instanceof CallTimeout) {
    const limit = formatDuration(call.timeout);
    return {
      class: 'not-up',
      detail: `${asked}: no whole answer within ${limit} (WHERRY_RELOAD_TIMEOUT); it may still be starting`,
    };
  }
  const detail = `${asked}: ${hide(messageOf(error))}`;
  const cure = cureOfError(error, reloadWording);
  return cure === undefined
    ? { class: 'not-up', detail }
    : { class: 'misconfigured', detail: `${detail}; ${cure}` };
}

/** One line: what was asked, and what came back. */
export function describe(
  { method, url }: Pick<Call, 'method' | 'url'>,
  response: Response,
  hide: Hide,
  longest?: number,
): string {
  const body = shownBody(response, hide, longest);
  const words = body === '' ? response.reason : body;
  return `${method} ${url} answered ${response.status}${words === '' ? '' : `: ${words}`}`;
}

/** The beginning of the body as one line: the error message that the user needs. */
function shownBody({ body }: Pick<Response, 'body'>, hide: Hide, longest = 2048): string {
  return hide(oneLine(body.slice(0, 2 * longest))).slice(0, longest);
}

function matches({ status, body }: AnswerPattern, response: Response): boolean {
  return status === response.status && (body === undefined || body.test(response.body));
}

/** What to do about a call that is wrong in itself; undefined when the application refused the set. */
function cureOf(call: Call, { status, body, location, allow }: Response): string | undefined {
  switch (status) {
    case 401:
      return 'look at WHERRY_RELOAD_USERNAME and WHERRY_RELOAD_PASSWORD, or Authorization in WHERRY_RELOAD_HEADERS';
    case 403:
      return /lifecycle api/i.test(body)
        ? 'start it with --web.enable-lifecycle'
        : 'allow the call in the application, or look at WHERRY_RELOAD_USERNAME and WHERRY_RELOAD_HEADERS';
    case 404:
      return 'look at the path in WHERRY_RELOAD_URL, and whether the application offers it';
    case 405:
      return `set WHERRY_RELOAD_METHOD${allow === undefined ? '' : ` to one of ${allow}`}; it is ${call.method} now`;
    case 407:
      return 'give the proxy its user name and password in HTTP_PROXY, or list the host in NO_PROXY';
    default:
      break;
  }
  if (status >= 400) return undefined;
  const instead = `or add ${status} to WHERRY_RELOAD_EXPECT, which is ${call.expect.text} now`;
  if (location !== undefined && status >= 300) {
    return `it points to ${location}, and redirects are not followed: put that in WHERRY_RELOAD_URL, ${instead}`;
  }
  return `look at WHERRY_RELOAD_URL, ${instead}`;
}
