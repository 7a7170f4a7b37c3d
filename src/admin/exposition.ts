export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

/** Cumulative counts of a histogram, by upper bound without the infinite one. */
export interface HistogramSample {
  readonly labels?: Labels;
  readonly buckets: readonly (readonly [number, number])[];
  readonly count: number;
  readonly sum: number;
}

/** Writes metric families as Prometheus text (0.0.4) or OpenMetrics (1.0.0). Families without samples are left out. */
export class Exposition {
  readonly #openMetrics: boolean;
  readonly #lines: string[] = [];

  constructor(openMetrics: boolean) {
    this.#openMetrics = openMetrics;
  }

  gauge(name: string, help: string, samples: readonly Sample[]): void {
    this.#family(name, 'gauge', help, samples.length);
    for (const { labels, value } of samples) this.#sample(name, labels, value);
  }

  /** The name without `_total`, which is the samples'. */
  counter(name: string, help: string, samples: readonly Sample[]): void {
    this.#family(this.#openMetrics ? name : `${name}_total`, 'counter', help, samples.length);
    for (const { labels, value } of samples) this.#sample(`${name}_total`, labels, value);
  }

  /** The name without `_info`, which is the samples'; their value is always 1. */
  info(name: string, help: string, all: readonly Labels[]): void {
    const [family, type] = this.#openMetrics ? [name, 'info'] : [`${name}_info`, 'gauge'];
    this.#family(family, type, help, all.length);
    for (const labels of all) this.#sample(`${name}_info`, labels, 1);
  }

  histogram(name: string, help: string, samples: readonly HistogramSample[]): void {
    this.#family(name, 'histogram', help, samples.length);
    for (const { labels, buckets, count, sum } of samples) {
      for (const [bound, below] of buckets) {
        this.#sample(`${name}_bucket`, { ...labels, le: this.#bound(bound) }, below);
      }
      this.#sample(`${name}_bucket`, { ...labels, le: '+Inf' }, count);
      this.#sample(`${name}_sum`, labels, sum);
      this.#sample(`${name}_count`, labels, count);
    }
  }

  /** The whole text. */
  end(): string {
    const lines = this.#openMetrics ? [...this.#lines, '# EOF'] : this.#lines;
    return lines.map((line) => `${line}\n`).join('');
  }

  #family(name: string, type: string, help: string, samples: number): void {
    if (samples > 0) this.#lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`);
  }

  #sample(name: string, labels: Labels | undefined, value: number): void {
    const pairs = Object.entries(labels ?? {}).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
    this.#lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${formatNumber(value)}`);
  }

  /** OpenMetrics wants bounds to look like fractions. */
  #bound(value: number): string {
    return this.#openMetrics && Number.isInteger(value) ? `${value}.0` : String(value);
  }
}

function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
