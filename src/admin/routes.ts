import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../platform/log.ts';
import { type Reply, text } from './reply.ts';
import { type SteeringOptions, steer } from './steering.ts';
import { unlessAllowed } from './token.ts';
import type { AdminView, Health } from './view.ts';

export interface AnswerOptions extends SteeringOptions {
  /** Asked with each request, so that a token that is rotated counts at once. */
  readonly token: () => string | undefined;
  readonly view: AdminView;
  readonly onSync: () => void;
  readonly log: Log;
}

type Route = (request: IncomingMessage, options: AnswerOptions) => Reply | Promise<Reply>;

const routes: Readonly<Record<string, { readonly methods: readonly string[]; readonly answer: Route }>> = {
  '/startupz': readable((_request, { view }) => probe(view.startup())),
  '/readyz': readable((_request, { view }) => probe(view.ready())),
  '/livez': readable((_request, { view }) => probe(view.live())),
  '/metrics': readable(metrics),
  '/status': readable((_request, { view }) => ({
    status: 200,
    type: 'application/json',
    body: `${JSON.stringify(view.status(), undefined, 2)}\n`,
  })),
  '/': readable(async (_request, { view }) => {
    const { renderPage, pagePolicy } = await import('./page.ts');
    return {
      status: 200,
      type: 'text/html; charset=utf-8',
      body: renderPage(view.status(), new Date()),
      headers: { 'content-security-policy': pagePolicy },
    };
  }),
  '/sync': guarded(sync),
  '/hold': guarded((_request, options) => steer('hold', undefined, options)),
  '/pin': guarded((request, options) => steer('pin', revisionOf(request), options)),
  '/resume': guarded((_request, options) => steer('resume', undefined, options)),
  '/rollback': guarded((_request, options) => steer('rollback', undefined, options)),
};

function readable(answer: Route) {
  return { methods: ['GET', 'HEAD'], answer };
}

/** What changes something: only with the token. */
function guarded(answer: Route) {
  const checked: Route = (request, options) =>
    unlessAllowed(request, options.token()) ?? answer(request, options);
  return { methods: ['POST'], answer: checked };
}

/** Answers one request. What a client sends as a body is not looked at. */
export async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: AnswerOptions,
): Promise<void> {
  request.on('error', () => undefined);
  request.resume();
  const { status, type, body, headers } = await replyTo(request, options);
  // A client that is still sending has its connection closed, rather than its bytes read.
  const sends =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    ...(sends ? { connection: 'close' } : {}),
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function replyTo(request: IncomingMessage, options: AnswerOptions): Promise<Reply> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) {
    return { status: 404, type: text, body: `not found; there is ${Object.keys(routes).join(' ')}\n` };
  }
  if (!route.methods.includes(request.method ?? '')) {
    const allow = route.methods.join(', ');
    return { status: 405, type: text, body: `only ${allow}\n`, headers: { allow } };
  }
  try {
    return await route.answer(request, options);
  } catch (error) {
    options.log.error({ err: error, path }, 'an administration request failed');
    return { status: 500, type: text, body: 'it failed; the log says why\n' };
  }
}

function probe({ ok, reason }: Health): Reply {
  return { status: ok ? 200 : 503, type: text, body: `${reason}\n` };
}

function metrics(request: IncomingMessage, { view }: AnswerOptions): Reply {
  const openMetrics = wantsOpenMetrics(request.headers.accept ?? '');
  const type = openMetrics
    ? 'application/openmetrics-text; version=1.0.0; charset=utf-8'
    : 'text/plain; version=0.0.4; charset=utf-8';
  return { status: 200, type, body: view.metrics(openMetrics), headers: { vary: 'accept' } };
}

function wantsOpenMetrics(accept: string): boolean {
  return accept
    .split(',')
    .map((range) => range.toLowerCase().replaceAll(/\s/g, ''))
    .some((range) => range.startsWith('application/openmetrics-text') && !/;q=0(\.0*)?(;|$)/.test(range));
}

function sync(_request: IncomingMessage, { onSync }: AnswerOptions): Reply {
  onSync();
  return { status: 202, type: text, body: 'the source is looked at now\n' };
}

/** Undefined also when there are several: which is meant? */
function revisionOf({ url = '' }: IncomingMessage): string | undefined {
  const at = url.indexOf('?');
  const given = at === -1 ? [] : new URLSearchParams(url.slice(at)).getAll('revision');
  return given.length === 1 ? given[0] : undefined;
}
