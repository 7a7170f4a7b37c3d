import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { type Failure, isAbort, RefusedError, UnreachableError } from '../failure/failure.ts';
import { readUpTo } from '../platform/read-up-to.ts';
import { formatSize } from '../platform/units.ts';
import type { Bucket, Condition, ListedObject, PutAnswer, PutRequest, StoredObject } from './bucket.ts';
import type { ClientPlan } from './client.ts';
import { type Asked, codeOf, noConditions, notStore, statusOf, storeFailure } from './failures.ts';

export interface BucketOptions {
  readonly plan: ClientPlan;
  readonly bucket: string;
  readonly requesterPays: boolean;
  readonly customerKey: Uint8Array | undefined;
}

/** The bucket by way of the SDK. What the SDK makes of an answer is believed only where the store's marks are on it. */
export class S3Bucket implements Bucket {
  readonly display: string;
  readonly #client: S3Client;
  readonly #plan: ClientPlan;
  readonly #common: { readonly Bucket: string; readonly RequestPayer?: 'requester' };
  readonly #encryption: { readonly SSECustomerAlgorithm?: 'AES256'; readonly SSECustomerKey?: string };
  /** AWS checks this digest itself; other stores may not know its header. */
  readonly #sendsChecksum: boolean;

  constructor({ plan, bucket, requesterPays, customerKey }: BucketOptions) {
    const config: S3ClientConfig = plan.config;
    this.#plan = plan;
    this.#client = new S3Client(config);
    this.#sendsChecksum = plan.address.isAws;
    this.#common = { Bucket: bucket, ...(requesterPays ? { RequestPayer: 'requester' } : {}) };
    this.#encryption =
      customerKey === undefined
        ? {}
        : { SSECustomerAlgorithm: 'AES256', SSECustomerKey: Buffer.from(customerKey).toString('base64') };
    this.display = plan.address.display;
  }

  async read(key: string, largest: number, signal: AbortSignal): Promise<StoredObject | undefined> {
    const asked = this.#asked('read', key);
    return this.#ask(asked, signal, async () => {
      const command = new GetObjectCommand({ ...this.#common, ...this.#encryption, Key: key });
      const found = await this.#client.send(command, { abortSignal: signal }).catch(missing);
      if (found === undefined) return undefined;
      const { Body: body, ETag: etag, ContentLength: length = 0 } = found;
      if (!(body instanceof Readable)) throw notStore(asked, 'it sent no content');
      try {
        if (etag === undefined || etag === '') throw notStore(asked, 'it sent no ETag');
        const bytes = length > largest ? undefined : await readUpTo(largest, body);
        if (bytes === undefined) throw tooLarge(asked, key, largest);
        return { bytes, etag };
      } finally {
        body.destroy();
      }
    });
  }

  async sizeOf(key: string, signal: AbortSignal): Promise<number | 'missing' | 'unknown'> {
    const asked = this.#asked('look at', key);
    return this.#ask(asked, signal, async () => {
      const command = new HeadObjectCommand({ ...this.#common, ...this.#encryption, Key: key });
      try {
        const { ETag: etag, ContentLength: length } = await this.#client.send(command, {
          abortSignal: signal,
        });
        if (etag === undefined || length === undefined) throw notStore(asked, 'it sent no ETag');
        return length;
      } catch (error) {
        if (statusOf(error) === 404) return 'missing';
        if (statusOf(error) === 403) return 'unknown';
        throw error;
      }
    });
  }

  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<readonly ListedObject[]> {
    const asked = { display: this.display, act: `list ${JSON.stringify(prefix)}` };
    const tokens = new Set<string>();
    for (let token: string | undefined; ; ) {
      const page = await this.#ask(asked, signal, () =>
        this.#client.send(
          new ListObjectsV2Command({
            ...this.#common,
            Prefix: prefix,
            EncodingType: 'url',
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
          { abortSignal: signal },
        ),
      );
      const {
        Contents: contents = [],
        KeyCount: count,
        IsTruncated: more,
        NextContinuationToken: next,
      } = page;
      if (count === undefined || more === undefined) throw notStore(asked, 'its answer is no listing');
      const decode = page.EncodingType === 'url' ? decodeKey : (key: string) => key;
      yield contents.map(({ Key: key, Size: size, LastModified: modified }) => {
        if (key === undefined || size === undefined) throw notStore(asked, 'its listing has no keys');
        return { key: decode(key), size, lastModified: modified?.getTime() ?? 0 };
      });
      if (!more) return;
      if (next === undefined || tokens.has(next)) throw notStore(asked, 'its listing does not go on');
      tokens.add(next);
      token = next;
    }
  }

  async put(request: PutRequest, signal: AbortSignal): Promise<PutAnswer> {
    const { default: pRetry } = await import('p-retry');
    const asked = this.#asked('write', request.key);
    return pRetry(() => this.#ask(asked, signal, () => this.#putOnce(request, asked, signal)), {
      retries: 4,
      minTimeout: 200,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => error instanceof UnreachableError,
    });
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
    this.#plan[Symbol.dispose]();
  }

  async #putOnce(request: PutRequest, asked: Asked, signal: AbortSignal): Promise<PutAnswer> {
    const { key, content, contentType, condition } = request;
    const command = new PutObjectCommand({
      ...this.#common,
      ...this.#encryption,
      Key: key,
      ContentLength: content.size,
      ContentType: contentType,
      ...conditionOf(condition),
      ...(this.#sendsChecksum
        ? { ChecksumSHA256: Buffer.from(content.sha256, 'hex').toString('base64') }
        : {}),
    });
    // The digest is signed with the request: a store that checks signatures checks the content too.
    command.middlewareStack.add(
      (next) => (args) => {
        if (isRequest(args.request)) args.request.headers['x-amz-content-sha256'] = content.sha256;
        return next(args);
      },
      { step: 'build', name: 'contentDigest' },
    );
    const broken = new AbortController();
    const body = content.open();
    command.input.Body = body;
    // The client pipes the body into the request, and never hears of what breaks it.
    if (body instanceof Readable) body.once('error', (error) => broken.abort(error));
    try {
      const abortSignal = AbortSignal.any([signal, broken.signal]);
      const { ETag: etag } = await this.#client.send(command, { abortSignal });
      if (etag === undefined || etag === '') throw notStore(asked, 'it sent no ETag');
      return 'stored';
    } catch (error) {
      broken.signal.throwIfAborted();
      if (condition.kind === 'none') throw error;
      const status = statusOf(error);
      if (status === 412 || status === 409) return 'refused';
      // A store may find that there is nothing to compare with.
      if (condition.kind === 'same' && status === 404 && codeOf(error) !== 'NoSuchBucket') return 'refused';
      throw knowsNoCondition(error, asked) ?? error;
    } finally {
      if (body instanceof Readable) body.destroy();
    }
  }

  async #ask<T>(asked: Asked, signal: AbortSignal, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (isAbort(error, signal)) throw signal.reason;
      throw storeFailure(error, asked);
    }
  }

  #asked(act: string, key: string): Asked {
    return { display: this.display, act: `${act} ${JSON.stringify(key)}` };
  }
}

function conditionOf(condition: Condition): { IfMatch?: string; IfNoneMatch?: string } {
  switch (condition.kind) {
    case 'none':
      return {};
    case 'new':
      return { IfNoneMatch: '*' };
    case 'same':
      return { IfMatch: condition.etag };
  }
}

function knowsNoCondition(error: unknown, { display }: Asked): Failure | undefined {
  if (statusOf(error) !== 501 && codeOf(error) !== 'NotImplemented') return undefined;
  return noConditions(display, 'it answered that it cannot write on a condition', error);
}

function tooLarge({ display }: Asked, key: string, largest: number): RefusedError {
  return new RefusedError({
    problem: `${JSON.stringify(key)} in ${display} is larger than ${formatSize(largest)}, and so no document of a release`,
    cure: 'name another key',
  });
}

function missing(error: unknown): undefined {
  if (statusOf(error) === 404 && codeOf(error) !== 'NoSuchBucket') return undefined;
  throw error;
}

function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}

function isRequest(value: unknown): value is { headers: Record<string, string> } {
  return typeof value === 'object' && value !== null && 'headers' in value;
}
