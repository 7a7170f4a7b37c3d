import type { HistogramSample, Labels, Sample } from './exposition.ts';

/** Counts by labels, in the order of first sight. */
export class Counter {
  readonly #counts = new Map<string, { readonly labels: Labels; value: number }>();

  /** Labels that are known beforehand start at 0, so that the first increase is seen as one. */
  constructor(known: readonly Labels[] = []) {
    for (const labels of known) this.add(labels, 0);
  }

  add(labels: Labels, amount = 1): void {
    const key = JSON.stringify(labels);
    const entry = this.#counts.get(key);
    if (entry === undefined) this.#counts.set(key, { labels, value: amount });
    else entry.value += amount;
  }

  samples(): readonly Sample[] {
    return [...this.#counts.values()].map(({ labels, value }) => ({ labels, value }));
  }
}

interface Distribution {
  readonly labels: Labels;
  /** By bound, not cumulative. */
  readonly counts: number[];
  count: number;
  sum: number;
}

/** Distributions by labels over fixed upper bounds. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #distributions = new Map<string, Distribution>();

  constructor(bounds: readonly number[], known: readonly Labels[]) {
    this.#bounds = bounds;
    for (const labels of known) this.#of(labels);
  }

  observe(labels: Labels, value: number): void {
    const distribution = this.#of(labels);
    const index = this.#bounds.findIndex((bound) => value <= bound);
    if (index >= 0) distribution.counts[index] = (distribution.counts[index] ?? 0) + 1;
    distribution.count += 1;
    distribution.sum += value;
  }

  samples(): readonly HistogramSample[] {
    return [...this.#distributions.values()].map(({ labels, counts, count, sum }) => {
      let below = 0;
      const buckets = this.#bounds.map((bound, index) => {
        below += counts[index] ?? 0;
        return [bound, below] as const;
      });
      return { labels, buckets, count, sum };
    });
  }

  #of(labels: Labels): Distribution {
    const key = JSON.stringify(labels);
    let distribution = this.#distributions.get(key);
    if (distribution === undefined) {
      distribution = { labels, counts: this.#bounds.map(() => 0), count: 0, sum: 0 };
      this.#distributions.set(key, distribution);
    }
    return distribution;
  }
}
