import type { Answer, ReloadContext, Target } from './target.ts';

/** Milliseconds between two tries: doubled each time, spread by chance. */
interface Backoff {
  readonly from: number;
  readonly to: number;
}

export interface Backoffs {
  /** For a target that is not up, or busy. */
  readonly soon: Backoff;
  /** For one whose call is wrong in itself: somebody has to do something first. */
  readonly slow: Backoff;
}

export interface DeliveryOptions {
  readonly targets: readonly Target[];
  /** What a target is told. */
  readonly contextFor: (target: Target) => ReloadContext;
  /** Ends the waiting at once; a call that is under way ends first, by its own time-out at the latest. */
  readonly signal: AbortSignal;
  /** Ends a call that is under way too. */
  readonly hardSignal: AbortSignal;
  /** Awaited before the next step; `attempt` counts from 1 for each target. When it rejects, the delivery does. */
  readonly onAnswer: (target: Target, answer: Answer, attempt: number) => void | Promise<void>;
  readonly backoffs?: Backoffs;
}

export type DeliveryOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'rejected'; readonly target: Target; readonly detail: string }
  | { readonly kind: 'stopped' };

const usualBackoffs: Backoffs = {
  soon: { from: 200, to: 15_000 },
  slow: { from: 15_000, to: 300_000 },
};

/**
 * Tells every target in order, then each that did not take it again and again on its own, until all took it, one
 * rejected it, or the signal is aborted. The calls of one target never overlap.
 */
export async function deliver(options: DeliveryOptions): Promise<DeliveryOutcome> {
  const delivery = new Delivery(options);
  return delivery.run();
}

/** The answer of a target that is to be told again, on its way through p-retry. */
class Undelivered extends Error {
  readonly pace: Pace;

  constructor(pace: Pace) {
    super(pace);
    this.pace = pace;
  }
}

type Pace = keyof Backoffs;
type Rejection = DeliveryOutcome & { readonly kind: 'rejected' };

class Delivery {
  readonly #options: DeliveryOptions;
  /** Aborted when there is nothing to wait for any more, for whatever reason. */
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  #accepted = 0;
  #rejection: Rejection | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, options.hardSignal, this.#over.signal]);
  }

  async run(): Promise<DeliveryOutcome> {
    const { targets } = this.#options;
    const retries: Promise<void>[] = [];
    try {
      for (const target of targets) {
        if (this.#signal.aborted) break;
        const pace = await this.#tell(target, 1);
        if (pace === undefined) continue;
        const retry = this.#retry(target, pace);
        // Looked at below; until then its failure is known to the delivery.
        retry.catch(() => undefined);
        retries.push(retry);
      }
    } catch (error) {
      this.#over.abort();
      await Promise.allSettled(retries);
      throw error;
    }
    await settleAll(retries);
    if (this.#rejection !== undefined) return this.#rejection;
    return { kind: this.#accepted === targets.length ? 'accepted' : 'stopped' };
  }

  /** One call. Resolves with the pace of the retries that it needs; undefined when it needs none. */
  async #tell(target: Target, attempt: number): Promise<Pace | undefined> {
    const { contextFor, signal, hardSignal, onAnswer } = this.#options;
    let answer: Answer;
    try {
      answer = await target.reload(contextFor(target), hardSignal, signal);
    } catch (error) {
      if (hardSignal.aborted) return undefined;
      throw error;
    }
    if (answer.class === 'rejected') {
      this.#rejection ??= { kind: 'rejected', target, detail: answer.detail };
      this.#over.abort();
    }
    await onAnswer(target, answer, attempt);
    switch (answer.class) {
      case 'accepted':
        this.#accepted += 1;
        return undefined;
      case 'rejected':
        return undefined;
      case 'not-up':
      case 'busy':
        return 'soon';
      case 'misconfigured':
        return 'slow';
    }
  }

  /** Each change of pace starts a row of retries of its own. */
  async #retry(target: Target, first: Pace): Promise<void> {
    try {
      const { default: pRetry } = await import('p-retry');
      let attempt = 1;
      for (let pace: Pace | undefined = first; pace !== undefined; ) {
        const { from, to }: Backoff = (this.#options.backoffs ?? usualBackoffs)[pace];
        const known = pace;
        pace = await pRetry(
          async (row): Promise<Pace | undefined> => {
            // The last answer asks for a wait before the next call.
            if (row === 1) throw new Undelivered(known);
            attempt += 1;
            const next = await this.#tell(target, attempt);
            if (next === known) throw new Undelivered(next);
            return next;
          },
          {
            retries: Number.POSITIVE_INFINITY,
            minTimeout: from,
            maxTimeout: to,
            randomize: true,
            signal: this.#signal,
            shouldRetry: ({ error }) => error instanceof Undelivered,
          },
        );
      }
    } catch (error) {
      if (this.#signal.aborted && error === this.#signal.reason) return;
      this.#over.abort();
      throw error;
    }
  }
}

/** Waits for all of them, and then throws the first failure. */
async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
