import type { Socket } from 'node:net';
import { type Answer, type Exchanged, reset, type Timeouts, timedOut } from '../exchange.ts';
import { WireAnswer } from './answer.ts';
import { type Framing, framingOf } from './framing.ts';
import { type Head, longestHead, parseHead, WireError } from './head.ts';

/** A request as it goes over the wire. */
export interface Sendable {
  readonly bytes: Buffer;
  readonly isHead: boolean;
}

interface Exchange {
  readonly isHead: boolean;
  readonly signal: AbortSignal;
  readonly resolve: (answer: Exchanged<Answer>) => void;
  readonly reject: (error: Error) => void;
  timer: NodeJS.Timeout | undefined;
  answer: WireAnswer | undefined;
  /** Of the answer's body. */
  framing: Framing | undefined;
}

export interface ConnectionEvents {
  /** It is free for the next request, for so many milliseconds by the server's word. */
  readonly onFree: (connection: WireConnection, keepAlive: number) => void;
  readonly onClosed: (connection: WireConnection) => void;
}

/** One connection of HTTP/1.1, one exchange at a time. */
export class WireConnection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  /** Emitted by the socket when it can be written to; undefined once it was. */
  #standsAt: 'connect' | 'secureConnect' | undefined;
  #current: Exchange | undefined;
  /** The beginning of a head. */
  #pending: Buffer | undefined;
  #exchanges = 0;
  #error: Error | undefined;

  constructor(socket: Socket, standsAt: 'connect' | 'secureConnect', events: ConnectionEvents) {
    this.#socket = socket;
    this.#standsAt = standsAt;
    this.#events = events;
    socket.setNoDelay(true);
    socket.once(standsAt, () => {
      this.#standsAt = undefined;
      socket.setKeepAlive(true, 1000);
    });
    socket.on('data', (bytes: Buffer) => this.#onBytes(bytes));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    socket.on('close', () => this.#onClose());
  }

  /** Resolves with the head of the answer; the signal goes on to bound the body. Rejects with a system error, or the signal's reason. */
  exchange({ bytes, isHead }: Sendable, timeouts: Timeouts, signal: AbortSignal): Promise<Exchanged<Answer>> {
    return new Promise((resolve, reject) => {
      const current: Exchange = {
        isHead,
        signal,
        resolve,
        reject,
        timer: undefined,
        answer: undefined,
        framing: undefined,
      };
      this.#current = current;
      this.#exchanges += 1;
      signal.addEventListener('abort', this.#onAbort);
      this.#limit(current, timeouts);
      this.#socket.write(bytes);
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #limit(current: Exchange, { connect, firstByte }: Timeouts): void {
    const late = (what: string, limit: number) => this.#giveUp(timedOut(what, limit));
    const sent = () => {
      clearTimeout(current.timer);
      if (this.#current === current && current.answer === undefined)
        current.timer = setTimeout(late, firstByte, 'it did not answer', firstByte);
    };
    if (this.#standsAt === undefined) {
      sent();
      return;
    }
    current.timer = setTimeout(late, connect, 'no connection was made', connect);
    this.#socket.once(this.#standsAt, sent);
  }

  readonly #onAbort = (): void => this.#giveUp(this.#current?.signal.reason);

  #giveUp(error: Error): void {
    this.#error ??= error;
    this.#fail(error);
    this.#socket.destroy();
  }

  #onBytes(bytes: Buffer): void {
    const current = this.#current;
    // Nobody asked.
    if (current === undefined) this.destroy();
    else this.#takeBytes(current, bytes);
  }

  #takeBytes(current: Exchange, bytes: Buffer): void {
    try {
      const rest = current.answer === undefined ? this.#takeHead(current, bytes) : bytes;
      if (rest !== undefined) this.#takeBody(current, rest);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#giveUp(error);
    }
  }

  /** The bytes after the head; undefined while it is not whole. */
  #takeHead(current: Exchange, bytes: Buffer): Buffer | undefined {
    let rest = this.#pending === undefined ? bytes : Buffer.concat([this.#pending, bytes]);
    this.#pending = undefined;
    for (;;) {
      const end = rest.indexOf('\r\n\r\n', 0, 'latin1');
      if (end > longestHead || (end === -1 && rest.byteLength > longestHead))
        throw new WireError('HPE_HEADER_OVERFLOW', 'Header overflow');
      if (end === -1) {
        if (!mayBeginHead(rest)) throw new WireError('HPE_INVALID_CONSTANT', 'Expected HTTP/');
        this.#pending = rest;
        return undefined;
      }
      const head = parseHead(rest.toString('latin1', 0, end));
      rest = rest.subarray(end + 4);
      // 100 and 103 announce another one.
      if (head.status >= 200 || head.status === 101) {
        this.#begin(current, head);
        return rest;
      }
    }
  }

  #begin(current: Exchange, head: Head): void {
    const { signal, resolve, isHead } = current;
    clearTimeout(current.timer);
    current.framing = framingOf(head, isHead);
    current.answer = new WireAnswer(head, {
      pause: () => void this.#socket.pause(),
      resume: () => void this.#socket.resume(),
      destroy: () => this.destroy(),
    });
    this.#keepAlive = keepAliveOf(head, current.framing);
    if (!signal.aborted) resolve(current.answer);
  }

  /** Milliseconds, after the answer that is being read. */
  #keepAlive = 0;

  #takeBody({ answer, framing }: Exchange, bytes: Buffer): void {
    if (answer === undefined) return;
    const rest = framing === undefined ? bytes : framing.feed(bytes, answer.give);
    if (rest === undefined) return;
    this.#over();
    answer.end();
    // Nobody asked for more.
    if (this.#keepAlive === 0 || rest.byteLength > 0) this.destroy();
    else this.#events.onFree(this, this.#keepAlive);
  }

  #onEnd(): void {
    const { answer, framing } = this.#current ?? {};
    if (answer === undefined || framing?.endsWithConnection !== true || this.#error !== undefined) return;
    this.#over();
    answer.end();
  }

  #onClose(): void {
    this.#events.onClosed(this);
    const current = this.#current;
    if (current === undefined) return;
    const { signal, answer } = current;
    if (signal.aborted) this.#fail(signal.reason);
    else if (answer === undefined && this.#wasStale()) {
      this.#over();
      current.resolve('stale');
    } else
      this.#fail(this.#error ?? reset(answer === undefined ? 'socket hang up' : 'the answer was cut short'));
  }

  #wasStale(): boolean {
    const code = (this.#error as NodeJS.ErrnoException | undefined)?.code ?? 'ECONNRESET';
    const heardNothing = this.#pending === undefined && (code === 'ECONNRESET' || code === 'EPIPE');
    return this.#exchanges > 1 && heardNothing;
  }

  #fail(error: Error): void {
    const current = this.#current;
    this.#over();
    if (current?.answer === undefined) current?.reject(error);
    else current.answer.fail(error);
  }

  #over(): void {
    clearTimeout(this.#current?.timer);
    this.#current?.signal.removeEventListener('abort', this.#onAbort);
    this.#current = undefined;
    this.#pending = undefined;
  }
}

/** So that who speaks something else is not waited for until the time is over. */
function mayBeginHead(bytes: Buffer): boolean {
  const start = bytes.toString('latin1', 0, 5);
  return 'HTTP/'.startsWith(start);
}

/** For how long the server keeps the connection, in milliseconds; 0 = it does not. */
function keepAliveOf({ version, headers }: Head, framing: Framing | undefined): number {
  if (framing?.endsWithConnection === true) return 0;
  const connection = headers['connection']?.toLowerCase() ?? '';
  const keeps = version === '1.1' ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
  if (!keeps) return 0;
  const seconds = /\btimeout=(\d{1,6})\b/i.exec(headers['keep-alive'] ?? '')?.[1];
  // A second before, so that a request and the server's end do not cross on the way.
  return seconds === undefined ? Number.POSITIVE_INFINITY : Math.max(0, Number(seconds) * 1000 - 1000);
}
