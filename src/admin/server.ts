import { once } from 'node:events';
import http from 'node:http';
import { systemCode } from '../failure/failure.ts';
import type { Log } from '../platform/log.ts';
import type { ListenAddress } from '../settings/kinds.ts';
import { type AnswerOptions, answerRequest } from './routes.ts';

export interface AdminOptions extends AnswerOptions {
  readonly address: ListenAddress;
}

/** The administration while it listens. Disposal ends its connections at once. */
export interface AdminServer extends AsyncDisposable {
  readonly port: number;
}

/** Clients that are slower than this are cut off. Milliseconds. */
const limits = { headersTimeout: 5000, requestTimeout: 10_000, keepAliveTimeout: 5000 };
const maxConnections = 256;

/** Opens the administration. An address that cannot be had is a warning: the sidecar's work does not depend on it. */
export async function startAdmin({ address, ...options }: AdminOptions): Promise<AdminServer | undefined> {
  if (address === 'off') return undefined;
  const { log } = options;
  const server = http.createServer({ ...limits, maxHeaderSize: 8192, connectionsCheckingInterval: 5000 });
  server.maxConnections = maxConnections;
  // Also for clients that do not read what they asked for.
  server.setTimeout(limits.requestTimeout);
  server.on('request', (request, response) => {
    answerRequest(request, response, options).catch((error: unknown) => {
      log.error({ err: error, path: request.url }, 'an administration request failed');
      response.destroy();
    });
  });
  if (!(await listen(server, address, log))) return undefined;
  server.on('error', (error) => log.warn({ err: error }, 'the administration has trouble'));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  log.debug({ address: bound }, 'the administration listens');
  return { port, [Symbol.asyncDispose]: () => close(server) };
}

/** Without a host on every address: IPv6 and IPv4, or IPv4 alone where there is no IPv6. */
async function listen(
  server: http.Server,
  { host, port }: Exclude<ListenAddress, 'off'>,
  log: Log,
): Promise<boolean> {
  try {
    server.listen({ port, ...(host === undefined ? {} : { host }) });
    await once(server, 'listening');
    return true;
  } catch (error) {
    const shown = `${host?.includes(':') === true ? `[${host}]` : (host ?? '')}:${port}`;
    log.warn({ code: systemCode(error) }, `WHERRY_ADMIN_ADDRESS: ${explain(shown, error)}`);
    return false;
  }
}

function explain(shown: string, error: unknown): string {
  const without = 'probes and metrics are off until the next start';
  switch (systemCode(error)) {
    case 'EADDRINUSE':
      return `${shown} is taken, and all containers of a pod share its ports; choose another port; ${without}`;
    case 'EACCES':
      return `${shown} needs a privilege; choose a port from 1024; ${without}`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${shown} is no address of this pod; leave the host out, or write 127.0.0.1; ${without}`;
    default:
      return `${shown} cannot be listened on (${error instanceof Error ? error.message : String(error)}); ${without}`;
  }
}

async function close(server: http.Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
