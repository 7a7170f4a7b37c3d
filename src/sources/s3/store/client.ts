import { Failure } from '../../../failure/failure.ts';
import { HttpClient } from '../../../platform/http/client.ts';
import type { Headers, Timeouts } from '../../../platform/http/exchange.ts';
import type { Incoming } from '../../../platform/http/incoming.ts';
import type { Log } from '../../../platform/log.ts';
import { agentsSpeakToProxies, proxyVariables } from '../../../platform/proxy.ts';
import type { Settings } from '../../../settings/schema.ts';
import type { CredentialSource } from '../credentials/credentials.ts';
import { addressOf, type UrlStyle } from './address.ts';
import type { Asked } from './asked.ts';
import { Clock } from './clock.ts';
import { ErrorAnswer, errorAnswer, errorInside } from './error-answer.ts';
import { Repairs, type SentWith } from './repairs.ts';
import { attempts, backOff, isPassing } from './retry.ts';
import { encodeQuery, Signer } from './sigv4.ts';
import type { Operation, RequestListener } from './store.ts';

export interface ClientOptions {
  readonly settings: Settings;
  readonly env: NodeJS.ProcessEnv;
  /** The caller's to dispose of. */
  readonly credentials: CredentialSource;
  readonly log: Log;
  readonly onRequest: RequestListener;
  readonly timeouts?: Partial<Timeouts>;
}

export interface S3Request {
  readonly operation: Operation;
  readonly method: 'GET' | 'HEAD';
  /** Undefined = the bucket itself. */
  readonly key?: string | undefined;
  /** What named the key, for errors. */
  readonly setting?: string | undefined;
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** With lower-case names; those of S3 are signed. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface WholeAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

const usualTimeouts: Timeouts = { connect: 3000, firstByte: 10_000, silence: 15_000 };

const answers = new Set([200, 206, 304, 412]);

/** Signed requests to one bucket, tried again as long as that makes sense. Nothing is opened before the first. */
export class S3Client implements Disposable {
  readonly #options: ClientOptions;
  readonly #http: HttpClient;
  readonly #clock = new Clock();
  readonly #signer = new Signer();
  readonly #repairs: Repairs;

  constructor(options: ClientOptions) {
    const { settings, env, credentials, log } = options;
    const proxyEnv = proxyVariables(env);
    const isProxied = Object.keys(proxyEnv).some((name) => /^https?_proxy$/i.test(name));
    if (isProxied && !agentsSpeakToProxies(process.versions.node)) {
      log.warn(
        { node: process.versions.node },
        'this Node.js does not speak to proxies: HTTPS_PROXY and HTTP_PROXY have no effect on S3',
      );
    }
    this.#options = options;
    this.#repairs = new Repairs({ address: addressOf(settings, env), credentials, clock: this.#clock, log });
    this.#http = new HttpClient({
      ca: settings.s3Ca,
      proxyEnv,
      maxFree: settings.s3Concurrency + 1,
      timeouts: { ...usualTimeouts, ...options.timeouts },
    });
  }

  get display(): string {
    return this.#repairs.address.display;
  }

  get isAws(): boolean {
    return this.#repairs.address.isAws;
  }

  /** The region that is signed for now; not always the one that was set. */
  get region(): string {
    return this.#repairs.address.region;
  }

  get urlStyle(): UrlStyle {
    return this.#repairs.address.style;
  }

  /** The store's time less this node's, in milliseconds, by the last answer; undefined before one. */
  get skew(): number | undefined {
    return this.#clock.skew;
  }

  /**
   * Resolves with HTTP 200, 206, 304 or 412, whose body is then to be read or disposed of; every other answer is a
   * `Failure`. The signal bounds the body too.
   */
  async send(request: S3Request, signal: AbortSignal): Promise<Incoming> {
    return await this.#persist(request, signal, async (incoming) => incoming);
  }

  /** The same with the whole body; one that is longer than the limit is a `Failure`. */
  async sendWhole(request: S3Request, limit: number, signal: AbortSignal): Promise<WholeAnswer> {
    return await this.#persist(request, signal, async (answer) => {
      using incoming = answer;
      const { status, headers } = incoming;
      const body = await incoming.whole(limit);
      if (body === undefined) throw await this.#tooLong(limit);
      const error = await errorInside(body, incoming);
      if (error !== undefined) throw error;
      return { status, headers, body };
    });
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }

  async #persist<T>(
    request: S3Request,
    signal: AbortSignal,
    take: (answer: Incoming) => Promise<T>,
  ): Promise<T> {
    const repaired = new Set<string>();
    for (let attempt = 1; ; ) {
      const sent = await this.#prepare(signal);
      try {
        return await take(await this.#sendOnce(request, sent, signal));
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Failure) throw error;
        if (error instanceof ErrorAnswer && (await this.#repairs.repair(error, sent, repaired, signal)))
          continue;
        const isOver = attempt === attempts || !isPassing(error);
        if (isOver && !(error instanceof ErrorAnswer) && this.#repairs.goBack(sent, repaired)) continue;
        if (isOver) throw await this.#failure(error, request, sent, attempt);
        await backOff(error, attempt, signal);
        attempt += 1;
      }
    }
  }

  async #prepare(signal: AbortSignal): Promise<SentWith> {
    const credentials = await this.#options.credentials.get(signal);
    return { address: this.#repairs.address, credentials };
  }

  async #sendOnce(request: S3Request, sent: SentWith, signal: AbortSignal): Promise<Incoming> {
    const { operation } = request;
    const { onRequest } = this.#options;
    let incoming: Incoming;
    try {
      incoming = await this.#http.send(this.#wire(request, sent), signal);
    } catch (error) {
      if (!signal.aborted) onRequest(operation, 'error');
      throw error;
    }
    onRequest(operation, String(incoming.status));
    this.#clock.heard(incoming.headers['date']);
    if (answers.has(incoming.status)) return incoming;
    throw await errorAnswer(incoming);
  }

  #wire({ method, key, query = {}, headers = {} }: S3Request, { address, credentials }: SentWith) {
    const path = address.path(key);
    const encoded = encodeQuery(query);
    const payer = this.#options.settings.s3RequesterPays ? { 'x-amz-request-payer': 'requester' } : {};
    const signable: Record<string, string> = { host: address.host, ...payer };
    const plain: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'wherry' };
    for (const [name, value] of Object.entries(headers))
      (name.startsWith('x-amz-') ? signable : plain)[name] = value;
    const signed =
      credentials === undefined
        ? signable
        : this.#signer.sign(
            { method, path, query: encoded, headers: signable },
            { credentials, region: address.region, time: this.#clock.now() },
          );
    return {
      origin: address.origin,
      method,
      path: encoded === '' ? path : `${path}?${encoded}`,
      headers: { ...plain, ...signed },
    };
  }

  async #failure(error: unknown, request: S3Request, sent: SentWith, attempt: number): Promise<Failure> {
    const { credentials } = this.#options;
    const asked: Asked = {
      display: sent.address.display,
      isAws: sent.address.isAws,
      bucketHost: sent.address.style === 'path' ? undefined : sent.address.origin.hostname,
      proxy: sent.address.origin.secure ? 'HTTPS_PROXY' : 'HTTP_PROXY',
      region: sent.address.region,
      key: request.key,
      versionId: request.query?.['versionId'],
      setting: request.setting,
      credentials: sent.credentials === undefined ? undefined : credentials.description,
      hasCustomerKey: Object.keys(request.headers ?? {}).some((name) => name.startsWith(customerKey)),
      attempts: attempt,
    };
    if (error instanceof ErrorAnswer) return (await import('./failures.ts')).answerFailure(error, asked);
    return (await import('./connection-failures.ts')).connectionFailure(error, asked);
  }

  async #tooLong(limit: number): Promise<Failure> {
    const { notS3 } = await import('./connection-failures.ts');
    return notS3(this, `over ${limit} bytes where less was to be expected`);
  }
}

const customerKey = 'x-amz-server-side-encryption-customer-';
