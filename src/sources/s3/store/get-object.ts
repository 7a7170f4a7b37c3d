import { DeniedError, MissingError, UnreachableError, UnsettledError } from '../../../failure/failure.ts';
import type { Incoming } from '../../../platform/http/incoming.ts';
import { objectOf } from './asked.ts';
import { ResumingBody } from './body.ts';
import { checkOf } from './checksum.ts';
import type { S3Client } from './client.ts';
import type { ETag, GetAnswer, GetRequest, ObjectHead } from './store.ts';

type Headers = Readonly<Record<string, string>>;

/** GETs an object, or learns that it is the known one still. What is not surely an object is a failure. */
export async function getObject(
  client: S3Client,
  common: Headers,
  request: GetRequest,
  signal: AbortSignal,
): Promise<GetAnswer> {
  const { ifNoneMatch, ifMatch } = request;
  const conditions: Record<string, string> = {
    ...(ifNoneMatch === undefined ? {} : { 'if-none-match': quoted(ifNoneMatch) }),
    ...(ifMatch === undefined ? {} : { 'if-match': quoted(ifMatch) }),
  };
  const incoming = await client.send(wire(request, { ...common, ...conditions }), signal);
  try {
    if (incoming.status === 304 && ifNoneMatch !== undefined) return await letGo(incoming, 'unchanged');
    if (incoming.status === 412 && ifMatch !== undefined) return await letGo(incoming, 'replaced');
    const head = await headOf(incoming, request, client);
    // Not every store, and not every cache before one, takes notice of conditions.
    if (head.etag === ifNoneMatch) return await letGo(incoming, 'unchanged');
    if (ifMatch !== undefined && head.etag !== ifMatch) return await letGo(incoming, 'replaced');
    const body = new ResumingBody({
      incoming,
      size: head.size,
      check: await checkOf(incoming.headers, head.etag),
      display: objectOf({ key: request.key, display: client.display }),
      setting: request.setting,
      resume: (from) => resume({ client, common, request, head, from, signal }),
      signal,
    });
    return { kind: 'found', head, body };
  } catch (error) {
    incoming[Symbol.dispose]();
    throw error;
  }
}

/** An error in answer to a HEAD has no words: a GET is asked for them. */
export async function headObject(
  client: S3Client,
  common: Headers,
  request: GetRequest,
  signal: AbortSignal,
): Promise<ObjectHead> {
  try {
    const head = { ...wire(request, common), operation: 'head', method: 'HEAD' } as const;
    using incoming = await client.send(head, signal);
    return await headOf(incoming, request, client);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MissingError || error instanceof DeniedError)) throw error;
  }
  const answer = await getObject(client, common, request, signal);
  if (answer.kind !== 'found') throw new Error(`an unconditional GET answered "${answer.kind}"`);
  answer.body[Symbol.dispose]();
  return answer.head;
}

async function letGo(incoming: Incoming, kind: 'unchanged' | 'replaced'): Promise<GetAnswer> {
  await incoming.finish();
  return { kind };
}

function wire({ key, setting, versionId }: GetRequest, headers: Headers) {
  const query = versionId === undefined ? {} : { versionId };
  return { operation: 'get', method: 'GET', key, setting, query, headers } as const;
}

interface Resumption {
  readonly client: S3Client;
  readonly common: Headers;
  readonly request: GetRequest;
  readonly head: ObjectHead;
  readonly from: number;
  readonly signal: AbortSignal;
}

/** The rest of the same object; where it was replaced meanwhile, of the version that was begun, if there are versions. */
async function resume(resumption: Resumption): Promise<Incoming> {
  const { request, head, signal } = resumption;
  const rest = await restOf(resumption, request.versionId);
  if (rest !== undefined) return rest;
  if (request.versionId === undefined && head.versionId !== undefined) {
    try {
      const older = await restOf(resumption, head.versionId);
      if (older !== undefined) return older;
    } catch (error) {
      // Versions are another right.
      signal.throwIfAborted();
      if (!(error instanceof DeniedError)) throw error;
    }
  }
  throw new UnsettledError({
    setting: request.setting,
    problem: `${displayOf(resumption)} was replaced while it was read`,
    cure: 'it is read again at the next try',
  });
}

/** Undefined when it is another object now. */
async function restOf(resumption: Resumption, versionId: string | undefined): Promise<Incoming | undefined> {
  const { client, common, request, head, from, signal } = resumption;
  const headers = { ...common, range: `bytes=${from}-`, 'if-match': quoted(head.etag) };
  const incoming = await client.send(wire({ ...request, versionId }, headers), signal);
  const { etag, 'content-range': range = '' } = incoming.headers;
  const isSame = incoming.status !== 412 && (etag === undefined || normalETag(etag) === head.etag);
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(range) ?? [];
  const isRest = incoming.status === 206 && Number(start) === from && Number(total) === head.size;
  if (isRest && isSame) return incoming;
  incoming[Symbol.dispose]();
  if (!isSame) return undefined;
  throw new UnreachableError({
    setting: request.setting,
    problem: `${displayOf(resumption)} broke off after ${from} of ${head.size} bytes, and the store does not send the rest alone (HTTP ${incoming.status})`,
    cure: 'it is read again at the next try',
  });
}

function displayOf({ client, request }: Resumption): string {
  return objectOf({ key: request.key, display: client.display });
}

/** A portal's page, or a mesh's, has no ETag; an answer without a length cannot be known to be whole. */
async function headOf(
  { status, headers }: Incoming,
  { key }: GetRequest,
  client: S3Client,
): Promise<ObjectHead> {
  const etag = normalETag(headers['etag'] ?? '');
  const length = headers['content-length'] ?? '';
  if (status !== 200 || etag === '' || !/^\d{1,15}$/.test(length)) {
    const { notS3 } = await import('./connection-failures.ts');
    const lacks = status !== 200 ? '' : etag === '' ? ' without an ETag' : ' without a length';
    throw notS3(
      client,
      `HTTP ${status}${lacks} (${headers['content-type'] ?? 'no content type'}) for the object ${JSON.stringify(key)}`,
    );
  }
  const version = headers['x-amz-version-id'];
  const modified = new Date(headers['last-modified'] ?? '');
  return {
    key,
    etag,
    // `null` names whatever a bucket without versions has there now.
    versionId: typeof version === 'string' && version !== 'null' && version !== '' ? version : undefined,
    size: Number(length),
    lastModified: Number.isNaN(modified.getTime()) ? undefined : modified,
  };
}

function normalETag(header: string): ETag {
  return header.replace(/^W\//, '').replace(/^"(.*)"$/, '$1') as ETag;
}

function quoted(etag: ETag): string {
  return `"${etag}"`;
}
