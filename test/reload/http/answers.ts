import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ReloadApp } from '../../support/reload-app.ts';

/** What one path answers: a status, or a body with 200. */
export type PathAnswer = number | string | (() => number | string | 'reset');

/** Lets an application answer by method and path (`GET /-/ready`); everything else is 404. */
export function answerByPath(app: ReloadApp, answers: Readonly<Record<string, PathAnswer>>): void {
  app.usually((request: IncomingMessage, response: ServerResponse) => {
    const known = answers[`${request.method} ${request.url}`] ?? 404;
    const answer = typeof known === 'function' ? known() : known;
    if (answer === 'reset') request.socket.resetAndDestroy();
    else if (typeof answer === 'number') response.writeHead(answer).end();
    else response.writeHead(200).end(answer);
  });
}

/** The calls so far, as `GET /-/ready`. */
export function callsOf(app: ReloadApp): readonly string[] {
  return app.calls.map(({ method, path }) => `${method} ${path}`);
}
