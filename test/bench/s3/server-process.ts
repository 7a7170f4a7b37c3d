import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Bucket, type Stored } from './bucket.ts';
import type { ObjectSet } from './objects.ts';
import { isSigned, type Keys } from './signed.ts';

/** A store with one bucket, in a process of its own: GET, HEAD and ListObjectsV2, signatures verified, requests counted. */
const [text = '{}'] = process.argv.slice(2);
const {
  bucket: name,
  keys,
  sets,
} = JSON.parse(text) as {
  bucket: string;
  keys: Keys;
  sets: readonly ObjectSet[];
};
const bucket = new Bucket(name, sets);
let requests = 0;

const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  requests += 1;
  request.resume();
  answer(request, response).catch(() => response.destroy());
});
await once(server.listen(0, '127.0.0.1'), 'listening');
process.on('message', (message) => {
  if (typeof message === 'number') bucket.change(message);
  process.send?.(requests);
});
process.on('disconnect', () => process.exit(0));
process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const target = request.url ?? '/';
  const mark = target.indexOf('?');
  const path = decodeURIComponent(mark === -1 ? target : target.slice(0, mark));
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark));
  if (!isSigned(request, path, query, keys)) return refuse(response, 403, 'SignatureDoesNotMatch');
  const [, asked = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  if (asked !== bucket.name) return refuse(response, 404, 'NoSuchBucket');
  if (key === '') return list(query, response);
  const stored = bucket.find(key);
  if (stored === undefined) return refuse(response, 404, 'NoSuchKey');
  return send(request, response, stored);
}

function list(query: URLSearchParams, response: http.ServerResponse): void {
  // Tools ask for the bucket's region first.
  if (query.has('location')) {
    response.end(
      '<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">us-east-1</LocationConstraint>',
    );
    return;
  }
  const page = bucket.page(query.get('prefix') ?? '', query.get('continuation-token') ?? undefined);
  response.writeHead(200, { 'content-type': 'application/xml', 'content-length': page.byteLength });
  response.end(page);
}

async function send(
  { method, headers }: http.IncomingMessage,
  response: http.ServerResponse,
  stored: Stored,
): Promise<void> {
  const { size } = stored;
  const etag = `"${stored.etag}"`;
  if (headers['if-match'] !== undefined && headers['if-match'] !== etag) {
    return refuse(response, 412, 'PreconditionFailed');
  }
  const common = { etag, 'last-modified': stored.lastModified.toUTCString(), 'accept-ranges': 'bytes' };
  if (headers['if-none-match'] === etag) {
    response.writeHead(304, common).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(size, range?.[2] ? Number(range[2]) + 1 : size);
  response.writeHead(range === null ? 200 : 206, {
    ...common,
    'content-type': 'application/octet-stream',
    'content-length': end - start,
    ...(range === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${size}` }),
  });
  if (method === 'HEAD') response.end();
  else await pipeline(stored.read(start, end), response);
}

function refuse(response: http.ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>`);
}
