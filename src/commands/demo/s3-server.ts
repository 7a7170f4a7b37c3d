import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type S3Answer, S3Refusal } from './s3-answer.ts';
import { S3Objects } from './s3-objects.ts';
import { claimedKey, type S3Key, type SignedRequest, verify } from './s3-signature.ts';

/** An object, the moment it was written. */
export interface Written {
  /** The `performance.now()` of it. */
  readonly at: number;
  readonly key: string;
  readonly bytes: Uint8Array;
}

export interface S3ServerOptions {
  readonly bucket: string;
  readonly keys: readonly S3Key[];
  /** Called for each object before its writer hears of it. */
  readonly onWrite?: (written: Written) => void;
}

/** How many requests were answered with each status. */
export type Answered = ReadonlyMap<number, number>;

export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:40003`, without a slash at the end. */
  readonly url: string;
  /** Of those who came with this key, so far. */
  answered(accessKeyId: string): Answered;
}

/** One bucket on a free loopback port, in memory: signatures verified, writes on conditions, the bucket in the path. */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const objects = new S3Objects();
  const counts = new Map<string, Map<number, number>>();
  const serve = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const body = await readBody(request);
    const { user, answer } = answerTo({ ...options, objects }, request, body);
    if (user !== undefined) {
      const ofUser = counts.get(user) ?? new Map<number, number>();
      counts.set(user, ofUser.set(answer.status, (ofUser.get(answer.status) ?? 0) + 1));
    }
    send(answer, request.method === 'HEAD', response);
  };
  const server = http.createServer((request, response) => {
    // Whoever goes away in the middle is let go.
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    answered: (accessKeyId) => new Map(counts.get(accessKeyId)),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Served extends S3ServerOptions {
  readonly objects: S3Objects;
}

function answerTo(
  served: Served,
  { method = 'GET', url = '/', headers }: http.IncomingMessage,
  body: Uint8Array,
): { readonly user?: string; readonly answer: S3Answer } {
  const [path = '/', search = ''] = url.split('?', 2);
  const query = new URLSearchParams(search);
  let user: string | undefined;
  try {
    const key = claimedKey(headers, served.keys);
    user = key.accessKeyId;
    verify({ method, path, query, headers, body }, key);
    if (method === 'PUT' && !key.mayWrite)
      throw new S3Refusal(403, 'AccessDenied', `The key ${user} may only read`);
    return { user, answer: perform(served, { method, path, query, headers, body }) };
  } catch (error) {
    if (!(error instanceof S3Refusal)) throw error;
    return { ...(user === undefined ? {} : { user }), answer: error.answer };
  }
}

function perform(
  { bucket, objects, onWrite }: Served,
  { method, path, query, headers, body }: SignedRequest,
): S3Answer {
  const [, name, ...rest] = decode(path).split('/');
  const key = rest.join('/');
  if (name !== bucket) throw new S3Refusal(404, 'NoSuchBucket', `The only bucket is ${bucket}`);
  if (key === '') {
    if (method === 'GET' && query.get('list-type') === '2') return objects.list(bucket, query);
    throw notSupported(method, 'bucket');
  }
  // A sub-resource is not the object. The SDK names the operation, which changes nothing.
  if ([...query.keys()].some((parameter) => parameter !== 'x-id')) throw notSupported(method, 'sub-resource');
  switch (method) {
    case 'GET':
    case 'HEAD':
      return objects.read(key, headers);
    case 'PUT': {
      const answer = objects.write(key, headers, body);
      onWrite?.({ at: performance.now(), key, bytes: body });
      return answer;
    }
    default:
      throw notSupported(method, 'object');
  }
}

function notSupported(method: string, what: string): S3Refusal {
  return new S3Refusal(501, 'NotImplemented', `${method} of a ${what} is not supported here`);
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new S3Refusal(400, 'InvalidURI', 'The path is not percent-encoded UTF-8');
  }
}

async function readBody(request: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function send({ status, headers, body }: S3Answer, isHead: boolean, response: http.ServerResponse): void {
  const length = status === 304 ? {} : { 'content-length': body.byteLength };
  response.writeHead(status, { ...headers, 'x-amz-request-id': 'DEMO', ...length });
  response.end(isHead || status === 304 ? undefined : body);
}
