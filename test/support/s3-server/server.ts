import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type Answer, S3Error } from './answer.ts';
import { authorize, type KnownKey } from './authorization.ts';
import { type BucketOptions, FakeBucket } from './bucket.ts';
import type { Fault } from './faults.ts';
import { listObjects, listVersions } from './listings.ts';
import { deleteObject, readObject, writeObject } from './objects.ts';
import { payloadOf } from './payload.ts';
import { readRequest, type SeenRequest } from './request.ts';

export interface S3ServerOptions {
  readonly region?: string;
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Which requests a fault is for; all of them, unless it is said. */
export interface FaultScope {
  /** How many; one unless given. */
  readonly times?: number;
  readonly operation?: SeenRequest['operation'];
  readonly key?: string;
  readonly when?: (request: SeenRequest) => boolean;
}

/** A small, honest S3 on loopback, which verifies signatures, tells what it saw, and fails where a test says so. */
export class S3Server implements AsyncDisposable {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId = 'AKIDEXAMPLE';
  readonly secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
  /** Those that are let in; a test may add some, or take them away. */
  readonly keys: KnownKey[] = [{ accessKeyId: this.accessKeyId, secretAccessKey: this.secretAccessKey }];
  readonly requests: SeenRequest[] = [];
  /** The most keys of one page. */
  pageSize = 1000;
  /** Milliseconds by which its clock is ahead. */
  clockSkew = 0;
  readonly #buckets = new Map<string, FakeBucket>();
  readonly #armed: { left: number; readonly scope: FaultScope; readonly fault: Fault }[] = [];
  readonly #server: http.Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: http.Server, options: S3ServerOptions) {
    this.#server = server;
    this.region = options.region ?? 'us-east-1';
    const scheme = options.tls === undefined ? 'http' : 'https';
    this.endpoint = `${scheme}://localhost:${(server.address() as AddressInfo).port}`;
    server.on('request', (message, response) => void this.#serve(message, response));
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(options: S3ServerOptions = {}): Promise<S3Server> {
    const server = options.tls === undefined ? http.createServer() : https.createServer(options.tls);
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new S3Server(server, options);
  }

  /** Milliseconds since 1970, by its own clock. */
  get now(): number {
    return Date.now() + this.clockSkew;
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  createBucket(name: string, options: BucketOptions = {}): FakeBucket {
    const bucket = new FakeBucket(name, options.region ?? this.region, () => this.now, options);
    this.#buckets.set(name, bucket);
    return bucket;
  }

  /** The next requests in the scope meet this fault; of several that fit the one that was armed first. */
  arm(fault: Fault, scope: FaultScope = {}): void {
    this.#armed.push({ left: scope.times ?? 1, scope, fault });
  }

  /** Ends every fault, those of unlimited times too. */
  disarm(): void {
    this.#armed.length = 0;
  }

  /** Closes what clients keep open, as a server does that restarts. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.dropConnections();
    await closed;
  }

  async #serve(message: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    const request = readRequest(message);
    this.requests.push(request);
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of message as AsyncIterable<Uint8Array>) chunks.push(chunk);
    } catch {
      return;
    }
    const answer = () => this.#answer(request, Buffer.concat(chunks));
    const armed = this.#armed.find(({ left, scope }) => left > 0 && isIn(scope, request));
    if (armed !== undefined) armed.left -= 1;
    const sent = armed === undefined ? answer() : armed.fault(answer);
    if (sent.silence === 'stall') return;
    if (sent.silence === 'reset') {
      drop(message.socket);
      return;
    }
    request.status = sent.status;
    send(sent, request.method, response, this.now);
  }

  #answer(request: SeenRequest, body: Buffer): Answer {
    try {
      const bucket = this.#buckets.get(request.bucket);
      authorize(request, bucket, this.keys, this.now);
      if (bucket === undefined) {
        const fields = { BucketName: request.bucket };
        throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist', fields);
      }
      return this.#perform(bucket, request, payloadOf(request, body));
    } catch (error) {
      if (error instanceof S3Error) return error.answer;
      throw error;
    }
  }

  #perform(bucket: FakeBucket, request: SeenRequest, body: Buffer): Answer {
    switch (request.operation) {
      case 'get':
      case 'head':
        return readObject(bucket, request);
      case 'put':
        return writeObject(bucket, request, body);
      case 'delete':
        return deleteObject(bucket, request);
      case 'list':
        return listObjects(bucket, request.query, this.pageSize);
      case 'versions':
        return listVersions(bucket, request.query, this.pageSize);
      case 'other':
        throw new S3Error(501, 'NotImplemented', `This server knows no ${request.method} ${request.target}`);
      default:
        return request.operation satisfies never;
    }
  }
}

function isIn({ operation, key, when }: FaultScope, request: SeenRequest): boolean {
  return (
    (operation === undefined || operation === request.operation) &&
    (key === undefined || key === request.key) &&
    (when === undefined || when(request))
  );
}

function send(answer: Answer, method: string, response: http.ServerResponse, now: number): void {
  const { status, headers, body, breaks } = answer;
  response.sendDate = false;
  const hasNoBody = status === 304 || status === 204;
  const length = answer.isChunked === true || hasNoBody ? {} : { 'Content-Length': String(body.size) };
  response.writeHead(status, {
    Date: new Date(now).toUTCString(),
    'x-amz-request-id': 'TEST',
    ...headers,
    ...length,
  });
  if (method === 'HEAD' || hasNoBody) {
    response.end();
    return;
  }
  if (breaks === undefined) {
    pipeline(Readable.from(body.read(0, body.size)), response, () => undefined);
    return;
  }
  response.flushHeaders();
  Readable.from(body.read(0, Math.min(breaks.after, body.size)))
    .once('end', () => setImmediate(() => finish(response, breaks.how)))
    .pipe(response, { end: false });
}

function finish(response: http.ServerResponse, how: 'stall' | 'reset' | 'end'): void {
  const { socket } = response;
  if (how === 'stall' || socket === null) return;
  // What was written must be on its way first, or the client does not see it.
  if (socket.writableLength > 0) setImmediate(() => finish(response, how));
  else if (how === 'reset') drop(socket);
  else socket.end();
}

/** Without a farewell, where the socket is a plain one. */
function drop(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}
