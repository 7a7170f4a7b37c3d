import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Undefined = no answer ever comes. */
export type FakeAnswer =
  | { readonly status?: number; readonly type?: string; readonly body: string }
  | undefined;

export interface FakeServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}

/** A server on loopback that ends with the test. */
export async function startFake(answer: (request: SeenRequest) => FakeAnswer): Promise<FakeServer> {
  const seen: SeenRequest[] = [];
  const server = http.createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url: path = '', headers } = incoming;
      const request = { method, path, headers, body: Buffer.concat(chunks).toString('utf8') };
      seen.push(request);
      const given = answer(request);
      if (given === undefined) return;
      outgoing.writeHead(given.status ?? 200, { 'Content-Type': given.type ?? 'application/json' });
      outgoing.end(given.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}
