import { longestTimer } from './deadline.ts';

/** A wait that somebody else can end. A ring while nobody waits is remembered, so that none is lost. */
export class Alarm {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves after the milliseconds (never, if that is infinite), at a ring, or when the signal is aborted. */
  async wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    if (!this.#rung && !signal.aborted && milliseconds > 0) {
      await new Promise<void>((resolve) => {
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
          this.#wake = undefined;
          resolve();
        };
        const until = performance.now() + milliseconds;
        // A timer knows whole milliseconds only, and may ring a moment early: whoever waits would find nothing due.
        const start = (): NodeJS.Timeout => {
          const remaining = Math.ceil(until - performance.now());
          return setTimeout(over, Math.min(remaining, longestTimer));
        };
        const over = () => {
          if (performance.now() >= until) end();
          else timer = start();
        };
        let timer = start();
        signal.addEventListener('abort', end);
        this.#wake = end;
      });
    }
    this.#rung = false;
  }
}
