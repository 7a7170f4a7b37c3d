import type { Settings } from '../../settings/schema.ts';
import { version } from '../../version.ts';
import type { Answer, ReloadContext } from '../target.ts';
import { type Access, shownUrl } from './access.ts';
import { type Call, classifyError, classifyResponse } from './answer.ts';
import type { CallBody } from './body.ts';
import { exchange } from './exchange.ts';

/** One URL's call as the settings make it. */
export interface HttpCall extends Call {
  readonly target: URL;
  /** Undefined where the method carries none. */
  readonly body: CallBody | undefined;
  readonly access: Access;
}

export type CallSettings = Pick<Settings, 'reloadMethod' | 'reloadExpect' | 'reloadTimeout'>;

export function createHttpCall(
  target: URL,
  settings: CallSettings,
  { access, body, dialect }: Pick<HttpCall, 'access' | 'body' | 'dialect'>,
): HttpCall {
  const { reloadMethod: method, reloadExpect: expect, reloadTimeout: timeout } = settings;
  return { target, method, url: shownUrl(target), expect, timeout, access, body, dialect };
}

/** So much of a body is kept for the message, and for a preset's patterns. Bytes. */
const keptBody = 4096;

/** Makes the call once. Rejects only with the signal's reason. */
export async function callOverHttp(
  call: HttpCall,
  context: ReloadContext,
  signal: AbortSignal,
): Promise<Answer> {
  const { target: url, method, access, body, timeout } = call;
  const headers = headersFor(call, context);
  signal.throwIfAborted();
  try {
    const request = { url, method, headers, body: body?.content, access, timeout, keep: keptBody };
    return classifyResponse(call, await exchange(request, signal), access.hide);
  } catch (error) {
    signal.throwIfAborted();
    return classifyError(call, error, access.hide);
  }
}

/** What tells the application which set it is told about; the user's own headers win. */
function headersFor({ access, body }: HttpCall, { revision, sequence }: ReloadContext) {
  return merged(
    new Map([
      ...ownHeaders,
      ['x-wherry-revision', encodeURI(revision)],
      ['x-wherry-sequence', String(sequence)],
      ...(body === undefined ? [] : [['content-type', body.type] as const]),
    ]),
    access.headers,
  );
}

/** Of the user's headers those that are about a body, which a question does not have, stay out. */
export function headersOfQuestion({ headers }: Access) {
  return merged(ownHeaders, new Map([...headers].filter(([name]) => !name.startsWith('content-'))));
}

const ownHeaders: ReadonlyMap<string, string> = new Map([
  ['user-agent', `wherry/${version}`],
  ['accept', '*/*'],
]);

function merged(own: ReadonlyMap<string, string>, users: Access['headers']) {
  const all = new Map<string, string | string[]>(own);
  for (const [name, values] of users) all.set(name, single(values));
  return Object.fromEntries(all);
}

function single(values: readonly string[]): string | string[] {
  const [only, ...more] = values;
  return only !== undefined && more.length === 0 ? only : [...values];
}
