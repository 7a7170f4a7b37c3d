import { setTimeout } from 'node:timers/promises';
import { ask } from '../http-client.ts';
import { Prometheus } from '../prometheus.ts';
import type { Told } from './kinds.ts';
import { readVersion } from './versions.ts';

/** Milliseconds after which it does not change its mind any more. */
const patience = 15_000;

interface Answer {
  readonly data: {
    readonly activeTargets: readonly { readonly discoveredLabels: Readonly<Record<string, string>> }[];
  };
}

interface Figures {
  readonly scans: number;
  readonly errors: number;
}

/** A real Prometheus that discovers targets in a file. It watches the directory by Go's fsnotify. */
export class PrometheusDiscovery implements AsyncDisposable {
  readonly #prometheus: Prometheus;
  readonly #file: string;
  #known: Figures;

  private constructor(prometheus: Prometheus, file: string, known: Figures) {
    this.#prometheus = prometheus;
    this.#file = file;
    this.#known = known;
  }

  static async start(file: string): Promise<PrometheusDiscovery> {
    const discovery = `file_sd_configs: [{files: ['${file}'], refresh_interval: 1h}]`;
    const config = `scrape_configs: [{job_name: watched, scrape_interval: 1h, ${discovery}}]\n`;
    const prometheus = await Prometheus.start({ config });
    for (;;) {
      const figures = await figuresOf(prometheus);
      if (figures.scans > 0) return new PrometheusDiscovery(prometheus, file, figures);
      await setTimeout(20);
    }
  }

  /** How often it read the file since the last call, and whether it could. */
  async gather(): Promise<readonly Told[]> {
    const before = this.#known;
    this.#known = await figuresOf(this.#prometheus);
    const there = readVersion(this.#file);
    const seen = this.#known.errors > before.errors && there !== 'absent' ? 'torn' : there;
    const scan: Told = { by: 'scan', seen, at: performance.now() };
    return Array.from({ length: this.#known.scans - before.scans }, () => scan);
  }

  /** What it works with, as soon as that is what is there. It hands on what it discovered every five seconds. */
  async loaded(): Promise<Told> {
    const expected = readVersion(this.#file);
    const end = performance.now() + patience;
    for (;;) {
      const { body } = await ask(`http://127.0.0.1:${this.#prometheus.port}/api/v1/targets`);
      const { data } = JSON.parse(body) as Answer;
      const version = data.activeTargets[0]?.discoveredLabels['last'];
      const seen = version === undefined ? 'absent' : Number(version);
      const now = performance.now();
      if (seen === expected || now > end) return { by: 'its targets', seen, at: now };
      await setTimeout(100);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#prometheus[Symbol.asyncDispose]();
  }
}

async function figuresOf(prometheus: Prometheus): Promise<Figures> {
  return {
    scans: (await prometheus.metric('prometheus_sd_file_scan_duration_seconds_count')) ?? 0,
    errors: (await prometheus.metric('prometheus_sd_file_read_errors_total')) ?? 0,
  };
}
