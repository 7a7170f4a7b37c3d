import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../platform/log.ts';
import type { AdminView, Health } from './view.ts';

export interface AnswerOptions {
  /** Asked with each request, so that a token that is rotated counts at once. */
  readonly token: () => string | undefined;
  readonly view: AdminView;
  readonly onSync: () => void;
  readonly log: Log;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Route = (request: IncomingMessage, options: AnswerOptions) => Reply | Promise<Reply>;

const text = 'text/plain; charset=utf-8';

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
  '/sync': { methods: ['POST'], answer: sync },
};

function readable(answer: Route) {
  return { methods: ['GET', 'HEAD'], answer };
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

function sync(request: IncomingMessage, { token, onSync }: AnswerOptions): Reply {
  const expected = token();
  if (expected === undefined) {
    return { status: 403, type: text, body: 'forbidden: WHERRY_ADMIN_TOKEN is not set\n' };
  }
  const given = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (given === undefined || !equals(Buffer.from(given, 'latin1'), Buffer.from(expected))) {
    const headers = { 'www-authenticate': 'Bearer realm="wherry"' };
    return { status: 401, type: text, body: 'give the token: Authorization: Bearer …\n', headers };
  }
  onSync();
  return { status: 202, type: text, body: 'the source is looked at now\n' };
}

/** In constant time, whatever the lengths. */
function equals(given: Buffer, expected: Buffer): boolean {
  const digest = (value: Buffer) => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
