/** Where a connection leads. */
export interface Origin {
  readonly secure: boolean;
  /** An IPv6 address without its brackets. */
  readonly hostname: string;
  /** Undefined = the scheme's own. */
  readonly port: number | undefined;
}

/** For TLS. */
export interface Certificates {
  /** PEM certificates that are trusted in the place of the usual authorities. */
  readonly ca?: string | undefined;
  /** The client's own certificate and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Milliseconds. */
export interface Timeouts {
  /** Until a connection stands: name, TCP, TLS, and the proxy's. */
  readonly connect: number;
  /** Until the headers of the answer come. */
  readonly firstByte: number;
  /** Between two pieces of a body. */
  readonly silence: number;
}

export interface HttpRequest {
  readonly origin: Origin;
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** With the query, as it goes over the wire. */
  readonly path: string;
  /** `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | undefined;
}

/** By lower-case names. */
export type Headers = Readonly<Record<string, string | undefined>>;

/** An answer of a server, its body still to come. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The next piece; null when none has come yet, undefined after the last. Throws what the connection broke with. */
  take(): Buffer | null | undefined;
  /** Called whenever `take` may have something else to say. */
  moved: () => void;
  /** Closes the connection. */
  destroy(): void;
}

/** `stale`: the server had closed a kept connection before the request came; it can be sent anew. */
export type Exchanged<T> = T | 'stale';

export function timedOut(what: string, milliseconds: number): Error {
  return Object.assign(new Error(`${what} within ${milliseconds / 1000} s`), { code: 'ETIMEDOUT' });
}

export function reset(words: string): Error {
  return Object.assign(new Error(words), { code: 'ECONNRESET' });
}
