import { DeniedError, isAbort } from '../../../failure/failure.ts';
import type { Log } from '../../../platform/log.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import { chosenBy } from './names.ts';
import { areEqual, hasEnded, pauseAfter, renewalTime } from './renewal.ts';
import { WatchedFiles } from './watched-files.ts';

/** Credentials, and in words where they came from. */
export interface Found {
  readonly credentials: Credentials;
  readonly description: string;
}

export interface RenewedOptions {
  /** In words, until it is known. */
  readonly description: string;
  readonly find: (signal: AbortSignal) => Promise<Found>;
  /** A change of one of them may be a change of the credentials. */
  readonly files: readonly string[];
  readonly log: Log;
  readonly now?: () => number;
  readonly random?: () => number;
}

/** The store refuses the same credentials again and again: they are looked for no more often. Milliseconds. */
const refusalPause = 10_000;

/**
 * Credentials that are found at the first call and kept; renewed behind the scenes while they still work, so that no
 * poll waits; and used to their end if that fails.
 */
export class RenewedCredentials implements CredentialSource {
  readonly #options: Required<RenewedOptions>;
  readonly #files: WatchedFiles;
  readonly #ending = new AbortController();
  #held: Found | undefined;
  #renewAt = 0;
  /** A file has changed since the last search began. */
  #isStale = false;
  #failures = 0;
  #lastReason: string | undefined;
  #search: Promise<Found> | undefined;
  #refused: { readonly credentials: Credentials; readonly at: number } | undefined;

  constructor(options: RenewedOptions) {
    this.#options = { now: Date.now, random: Math.random, ...options };
    this.#files = new WatchedFiles(options.files, this.#options.now);
  }

  get description(): string {
    return this.#held?.description ?? this.#options.description;
  }

  async get(signal: AbortSignal): Promise<Credentials> {
    signal.throwIfAborted();
    const now = this.#options.now();
    if (this.#files.changed()) {
      this.#isStale = true;
      this.#renewAt = 0;
      this.#failures = 0;
    }
    if (this.#held !== undefined && !hasEnded(this.#held.credentials, now)) {
      if (now >= this.#renewAt) this.#renewBehind();
      return this.#held.credentials;
    }
    return (await orAborted(this.#find(), signal)).credentials;
  }

  async renew(refused: Credentials | undefined, signal: AbortSignal): Promise<boolean> {
    signal.throwIfAborted();
    if (refused === undefined) return false;
    if (this.#held !== undefined && !areEqual(this.#held.credentials, refused)) return true;
    const now = this.#options.now();
    const last = this.#refused;
    if (last !== undefined && areEqual(last.credentials, refused) && now - last.at < refusalPause)
      return false;
    this.#refused = { credentials: refused, at: now };
    try {
      const { credentials } = await orAborted(this.#find(), signal);
      return !areEqual(credentials, refused);
    } catch (error) {
      if (isAbort(error, signal)) throw error;
      // What the store said of the old ones is the better answer; the reason is in the log.
      this.#failed(error);
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error('the credentials are no longer needed'));
    await this.#search?.catch(() => undefined);
  }

  /** One search at a time, which everyone awaits. */
  #find(): Promise<Found> {
    this.#search ??= this.#searchOnce().finally(() => {
      this.#search = undefined;
    });
    return this.#search;
  }

  async #searchOnce(): Promise<Found> {
    const { find, now, random } = this.#options;
    this.#isStale = false;
    const found = await find(this.#ending.signal);
    const { expiresAt } = found.credentials;
    if (hasEnded(found.credentials, now())) throw ended(found);
    this.#tell(found);
    this.#held = found;
    this.#renewAt = this.#isStale ? 0 : renewalTime(expiresAt, now(), random);
    this.#failures = 0;
    this.#lastReason = undefined;
    return found;
  }

  #renewBehind(): void {
    // Whoever comes next does not start it again.
    this.#renewAt = Number.POSITIVE_INFINITY;
    this.#find().catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    const { now, random, log } = this.#options;
    this.#failures += 1;
    this.#renewAt = this.#isStale ? 0 : now() + pauseAfter(this.#failures, random);
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === this.#lastReason) return;
    this.#lastReason = reason;
    log.warn(
      { err: error },
      `the credentials of ${this.description} could not be renewed; the old ones are used to their end`,
    );
  }

  #tell({ description, credentials }: Found): void {
    if (this.#held?.description === description) return;
    const until =
      credentials.expiresAt === undefined ? {} : { until: new Date(credentials.expiresAt).toISOString() };
    const before = this.#held === undefined ? {} : { before: this.#held.description };
    this.#options.log.info({ credentials: description, ...until, ...before }, 'credentials found');
  }
}

function ended({ description, credentials }: Found): DeniedError {
  const at = new Date(credentials.expiresAt ?? 0).toISOString();
  return new DeniedError({
    setting: chosenBy,
    problem: `the credentials of ${description} had ended at ${at} when they came`,
    cure: 'check the clock of the node, and that the credentials are renewed where they come from',
  });
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
