import { pause } from '../platform/pause.ts';
import { formatDuration } from '../platform/units.ts';
import type { Settings } from '../settings/schema.ts';
import type { Impression } from './judgement.ts';
import { VerifyUrl } from './verify-url.ts';

export type Verdict =
  | { readonly kind: 'good' }
  | { readonly kind: 'bad'; readonly detail: string }
  | { readonly kind: 'overtaken' };

export interface VerifyOptions {
  /** What `prepare` found; undefined after a restart. */
  readonly before: string | undefined;
  /** True where there is nothing to go back to: it is waited for a good answer for ever. */
  readonly endless: boolean;
  /** Called once when it takes longer than it should and that is no verdict. */
  readonly onTrouble: (detail: string) => void;
}

/** Asks the application, after it took a set, whether it does well with it. */
export interface Verification {
  /** Looks before a set is published. Rejects only when `signal` is aborted. */
  prepare(signal: AbortSignal): Promise<string | undefined>;
  /** Rejects only when `signal` is aborted. */
  verify(options: VerifyOptions, signal: AbortSignal, overtaken: AbortSignal): Promise<Verdict>;
}

/** The verification of the settings, if they have one. */
export function createVerification(settings: Settings, env: NodeJS.ProcessEnv): Verification | undefined {
  const { verifyUrl, verifyTimeout, bakeTime } = settings;
  if (verifyUrl === undefined) return undefined;
  const url = new VerifyUrl(verifyUrl, settings, env);
  return {
    prepare: (signal) => url.prepare(signal),
    verify: async (options, signal, overtaken) => {
      const either = AbortSignal.any([signal, overtaken]);
      try {
        return await new Verifier({ ...options, url, verifyTimeout, bakeTime }, either).run();
      } catch (error) {
        signal.throwIfAborted();
        if (overtaken.aborted) return { kind: 'overtaken' };
        throw error;
      }
    },
  };
}

/** Milliseconds between two looks. */
const first = 100;
const usual = 1000;
const slow = 15_000;
/** So many bad answers in a row end a bake: one alone may be a blip. */
const blips = 3;

interface VerifierOptions extends VerifyOptions, Pick<Settings, 'verifyTimeout' | 'bakeTime'> {
  readonly url: VerifyUrl;
}

class Verifier {
  readonly #options: VerifierOptions;
  readonly #signal: AbortSignal;
  #isTroubled = false;

  constructor(options: VerifierOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<Verdict> {
    for (;;) {
      const bad = (await this.#becomesGood()) ?? (await this.#staysGood());
      if (bad === undefined) return { kind: 'good' };
      if (!this.#options.endless) return { kind: 'bad', detail: bad };
      this.#trouble(bad);
    }
  }

  /** Resolves with what is wrong when it took too long. */
  async #becomesGood(): Promise<string | undefined> {
    const { url, before, endless, verifyTimeout } = this.#options;
    // An application that was not there before, as far as anybody knows, may be starting: that is no verdict.
    let isCounted = url.wasUp(before);
    let started = performance.now();
    for (let delay = first; ; ) {
      const seen = await this.#look();
      if (seen.kind === 'good') return undefined;
      if (seen.kind === 'bad' && !isCounted) {
        isCounted = true;
        started = performance.now();
      }
      const isVerdict = isCounted && !endless;
      const left = started + verifyTimeout - performance.now();
      if (left <= 0) {
        const detail = `${seen.said}; waited ${formatDuration(verifyTimeout)} (WHERRY_VERIFY_TIMEOUT)`;
        if (isVerdict) return detail;
        this.#trouble(detail);
      }
      await pause(left > 0 ? Math.min(delay, left) : delay, this.#signal);
      delay = Math.min(delay * 1.5, this.#isTroubled && !isVerdict ? slow : usual);
    }
  }

  /** Resolves with what is wrong when it did not last. */
  async #staysGood(): Promise<string | undefined> {
    const { bakeTime } = this.#options;
    const step = Math.min(usual, bakeTime / 5);
    const end = performance.now() + bakeTime;
    let isGood = true;
    for (let bad = 0; !isGood || performance.now() < end; ) {
      await pause(step, this.#signal);
      const seen = await this.#look();
      isGood = seen.kind === 'good';
      bad = isGood ? 0 : bad + 1;
      if (seen.kind !== 'good' && bad === blips) {
        return `${seen.said}; it was good before, and had to stay so for ${formatDuration(bakeTime)} (WHERRY_BAKE_TIME)`;
      }
    }
    return undefined;
  }

  #look(): Promise<Impression> {
    const { url, before } = this.#options;
    return url.look(before, this.#signal);
  }

  #trouble(detail: string): void {
    if (!this.#isTroubled) this.#options.onTrouble(detail);
    this.#isTroubled = true;
  }
}
