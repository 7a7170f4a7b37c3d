import { type Failure, UnreachableError } from '../../../failure/failure.ts';
import type { Incoming } from '../../../platform/http/incoming.ts';
import { networkWords } from '../../../platform/network-errors.ts';
import { pause } from '../../../platform/pause.ts';
import type { Check } from './checksum.ts';
import type { ObjectBody } from './store.ts';

export interface BodyOptions {
  readonly incoming: Incoming;
  readonly size: number;
  readonly check: Check | undefined;
  /** `the object "key" in s3://bucket`. */
  readonly display: string;
  /** What named the key. */
  readonly setting: string;
  /** Asks for the rest of the same object, from this byte on. Throws a `Failure`. */
  readonly resume: (from: number) => Promise<Incoming>;
  readonly signal: AbortSignal;
}

/** So often it is gone on with and next to nothing comes. */
const fruitlessResumptions = 3;
/** As many bytes are worth a request. */
const fruit = 65_536;

/** The bytes of one object. Broken connections are gone on from; the sum is compared when the last byte was given. */
export class ResumingBody implements ObjectBody {
  readonly #options: BodyOptions;
  #incoming: Incoming;
  #isDisposed = false;

  constructor(options: BodyOptions) {
    this.#options = options;
    this.#incoming = options.incoming;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    const { size, check } = this.#options;
    let received = 0;
    let fruitless = 0;
    let fresh = 0;
    try {
      while (received < size) {
        const chunk = await this.#next(received, fruitless);
        if (chunk === undefined) {
          fruitless += 1;
          fresh = 0;
          continue;
        }
        fresh += chunk.byteLength;
        if (fresh >= fruit) fruitless = 0;
        received += chunk.byteLength;
        if (received > size) throw this.#broken(`more than the ${size} bytes came that were announced`);
        check?.sum.update(chunk);
        yield chunk;
      }
      this.#verify();
      // The end itself is still to be read, for the connection to be free.
      await this.#incoming.finish();
    } finally {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#incoming[Symbol.dispose]();
  }

  /** The next piece; undefined when the connection broke and another one goes on. */
  async #next(received: number, fruitless: number): Promise<Buffer | undefined> {
    const { resume, signal } = this.#options;
    let broke: unknown;
    try {
      const chunk = await this.#incoming.next();
      if (chunk !== undefined) return chunk;
      broke = new Error('the answer was cut short');
    } catch (error) {
      signal.throwIfAborted();
      broke = error;
    }
    if (this.#isDisposed) throw this.#broken('it was given up');
    if (fruitless === fruitlessResumptions) throw this.#broken(networkWords(broke), broke);
    this.#incoming[Symbol.dispose]();
    if (fruitless > 0) await pause(Math.random() * 200 * 2 ** fruitless, signal);
    this.#incoming = await resume(received);
    if (!this.#isDisposed) return undefined;
    this.#incoming[Symbol.dispose]();
    throw this.#broken('it was given up');
  }

  #verify(): void {
    const { check } = this.#options;
    if (check === undefined) return;
    const sum = check.sum.text();
    if (sum === check.expected) return;
    throw this.#broken(`its ${check.name} is ${sum}, and the store says ${check.expected}`);
  }

  #broken(found: string, cause?: unknown): Failure {
    const { display, setting } = this.#options;
    return new UnreachableError({
      setting,
      problem: `${display} could not be read whole: ${found}`,
      cure: 'it is read again at the next try',
      cause,
    });
  }
}
