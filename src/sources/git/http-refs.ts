import { Failure } from '../../failure/failure.ts';
import { hostOf } from '../../platform/hosts.ts';
import type { HttpRequest } from '../../platform/http/exchange.ts';
import type { Log } from '../../platform/log.ts';
import { isUntrusted } from '../../platform/network-errors.ts';
import {
  type Asked,
  certificateFailure,
  connectionFailure,
  notGitFailure,
  statusFailure,
} from './failures.ts';
import type { HttpAnswer, HttpConnection } from './http-connection.ts';
import { type Advertisement, lsRefsRequest, parseAdvertisement, parseLsRefs } from './ls-refs.ts';
import { PacketError } from './pkt-line.ts';
import { followRedirect, isRedirect, suffix } from './redirects.ts';
import type { RefReader, Refs } from './refs.ts';

export interface HttpRefsOptions {
  readonly url: string;
  readonly asked: Asked;
  readonly connection: HttpConnection;
  readonly authorization: string | undefined;
  /** Something is sent along that only the configured server may see. */
  readonly secrets: boolean;
  /** Whether WHERRY_GIT_CA says whom to trust; else git may know more authorities than this process. */
  readonly ownAuthority: boolean;
  /** Reads refs by git itself. */
  readonly fallback: RefReader;
  /** Why the probe in process is of no use from the start. */
  readonly unable: string | undefined;
  readonly log: Log;
}

/** The last question, for the next poll. */
interface Posted {
  readonly url: string;
  readonly names: readonly string[] | undefined;
  readonly capabilities: ReadonlyMap<string, string>;
  readonly request: HttpRequest;
}

/** The last answer, and what it says. */
interface Read {
  readonly names: readonly string[] | undefined;
  readonly answer: HttpAnswer;
  readonly refs: Refs;
}

/** The probe in process cannot do it; git itself might. */
class Unable extends Error {
  readonly failure: Failure | undefined;

  constructor(reason: string, failure?: Failure) {
    super(reason);
    this.failure = failure;
  }
}

/**
 * Reads refs over smart HTTP by protocol version 2 in this process: the capabilities once, then one POST a poll. What
 * it cannot do is left to `git ls-remote` from then on.
 */
export class HttpRefs implements RefReader, AsyncDisposable {
  readonly #options: HttpRefsOptions;
  #url: string;
  #capabilities: ReadonlyMap<string, string> | undefined;
  #unable: string | undefined;
  #posted: Posted | undefined;
  #read: Read | undefined;

  constructor(options: HttpRefsOptions) {
    this.#options = options;
    this.#url = options.url.replace(/\/+$/, '');
    this.#unable = options.unable;
  }

  /** Where the repository is, after redirects. */
  get url(): string {
    return this.#url;
  }

  async read(names: readonly string[] | undefined, signal: AbortSignal): Promise<Refs> {
    if (this.#unable !== undefined) return this.#readByGit(names, signal);
    try {
      return await this.#readInProcess(names, signal);
    } catch (error) {
      if (!(error instanceof Unable)) throw error;
      return await this.#readInstead(error, names, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.connection[Symbol.dispose]();
  }

  async #readInstead(
    unable: Unable,
    names: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<Refs> {
    try {
      const refs = await this.#options.fallback.read(names, signal);
      this.#unable = unable.message;
      this.#options.log.debug({ reason: unable.message }, 'polling by git ls-remote from now on');
      return refs;
    } catch (error) {
      signal.throwIfAborted();
      throw unable.failure ?? error;
    }
  }

  /** When git fails, the server's own status is the better witness of why. */
  async #readByGit(names: readonly string[] | undefined, signal: AbortSignal): Promise<Refs> {
    try {
      return await this.#options.fallback.read(names, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Without what made the probe unable, its answer would be another one.
      if (this.#options.unable === undefined) await this.#testify(signal);
      throw error;
    }
  }

  async #testify(signal: AbortSignal): Promise<void> {
    try {
      await this.#discover(signal);
    } catch (error) {
      if (error instanceof Failure) throw error;
      signal.throwIfAborted();
    }
  }

  async #readInProcess(names: readonly string[] | undefined, signal: AbortSignal): Promise<Refs> {
    const known = this.#capabilities;
    if (known !== undefined) {
      const answer = await this.#post(names, known, signal);
      if (answer.status === 200 || answer.status >= 500 || answer.status === 429) {
        return this.#refsIn(answer, names);
      }
      // The repository may have moved, or the server be another one.
      this.#capabilities = undefined;
    }
    const capabilities = await this.#discover(signal);
    const refs = this.#refsIn(await this.#post(names, capabilities, signal), names);
    this.#capabilities = capabilities;
    return refs;
  }

  #refsIn(answer: HttpAnswer, names: readonly string[] | undefined): Refs {
    const read = this.#read;
    if (
      read?.names === names &&
      read?.answer.status === answer.status &&
      read.answer.body.equals(answer.body)
    )
      return read.refs;
    const all = this.#parse(answer, 'result', parseLsRefs);
    const refs = names === undefined ? all : new Map([...all].filter(([name]) => names.includes(name)));
    this.#read = { names, answer, refs };
    return refs;
  }

  /** Asks what the server can do, and where the repository is now. */
  async #discover(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const { asked, secrets } = this.#options;
    let url = new URL(this.#options.url.replace(/\/+$/, '') + suffix);
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#send(this.#request('GET', url), signal);
      if (isRedirect(answer.status)) {
        if (redirects === 5) throw notGitFailure(asked, 'it redirects without end');
        url = followRedirect(url, answer.headers['location'], { asked, secrets });
        continue;
      }
      const advertisement = this.#parse(answer, 'advertisement', parseAdvertisement);
      this.#url = url.href.slice(0, -suffix.length);
      return capabilitiesIn(advertisement);
    }
  }

  #post(
    names: readonly string[] | undefined,
    capabilities: ReadonlyMap<string, string>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const url = `${this.#url}/git-upload-pack`;
    const known = this.#posted;
    // Nearly always the same as at the last poll.
    if (known?.url === url && known.names === names && known.capabilities === capabilities)
      return this.#send(known.request, signal);
    const request = this.#request('POST', new URL(url), lsRefsRequest(names, capabilities));
    this.#posted = { url, names, capabilities, request };
    return this.#send(request, signal);
  }

  #request(method: 'GET' | 'POST', url: URL, body?: Buffer): HttpRequest {
    const { authorization } = this.#options;
    const { protocol, port, host, pathname, search } = url;
    return {
      origin: {
        secure: protocol === 'https:',
        hostname: hostOf(url),
        port: port === '' ? undefined : Number(port),
      },
      method,
      path: pathname + search,
      headers: {
        host,
        'user-agent': 'git/wherry',
        'git-protocol': 'version=2',
        accept: '*/*',
        ...(body === undefined ? {} : { 'content-type': 'application/x-git-upload-pack-request' }),
        ...(authorization === undefined ? {} : { authorization }),
      },
      body,
    };
  }

  async #send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { connection, asked, ownAuthority } = this.#options;
    try {
      return await connection.send(request, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (isUntrusted(error) && !ownAuthority) {
        throw new Unable('no known authority', certificateFailure(asked, 'no known authority', error));
      }
      throw connectionFailure(error, asked);
    }
  }

  #parse<T>(answer: HttpAnswer, kind: 'advertisement' | 'result', parse: (body: Buffer) => T): T {
    const { asked } = this.#options;
    if (answer.status !== 200) throw statusFailure(answer.status, asked);
    const type = answer.headers['content-type']?.split(';', 1)[0]?.trim();
    if (type !== `application/x-git-upload-pack-${kind}`) {
      throw notGitFailure(asked, `it answered with ${type ?? 'no content type'}`);
    }
    try {
      return parse(answer.body);
    } catch (error) {
      if (!(error instanceof PacketError)) throw error;
      throw new Unable(error.message, notGitFailure(asked, error.message));
    }
  }
}

function capabilitiesIn(advertisement: Advertisement): ReadonlyMap<string, string> {
  if (advertisement.version !== 2) throw new Unable(`the server speaks version ${advertisement.version}`);
  if (!advertisement.capabilities.has('ls-refs')) throw new Unable('the server has no ls-refs');
  return advertisement.capabilities;
}
