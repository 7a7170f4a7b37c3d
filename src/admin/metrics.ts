import type { Observer, Phase, PollResult, SyncResult } from '../engine/observer.ts';
import type { AnswerClass } from '../reload/target.ts';
import { Exposition, type Sample } from './exposition.ts';
import { Counter, Histogram } from './instruments.ts';
import { writeProcessMetrics } from './process-metrics.ts';
import type { StatusDocument } from './status.ts';

/** The part of the status that gauges show; asked when somebody scrapes. */
export type MetricsView = Pick<
  StatusDocument,
  | 'version'
  | 'published'
  | 'targets'
  | 'pending'
  | 'quarantine'
  | 'lastSync'
  | 'verification'
  | 'hold'
  | 'pin'
  | 'layers'
>;

const syncResults: readonly SyncResult[] = ['published', 'equal', 'refused', 'failed'];
const phases: readonly Phase[] = ['probe', 'fetch', 'stage', 'validate', 'publish', 'reload', 'verify'];
const answerClasses: readonly AnswerClass[] = ['accepted', 'not-up', 'busy', 'misconfigured', 'rejected'];
const phaseBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];
const deliveryBounds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

/** Counts what the engine tells of its work, and writes it with the gauges of the view. */
export class Metrics implements Observer {
  readonly #view: () => MetricsView;
  readonly #polls = new Counter();
  readonly #syncs = new Counter(syncResults.map((result) => ({ result })));
  readonly #phases = new Histogram(
    phaseBounds,
    phases.map((phase) => ({ phase })),
  );
  readonly #reloads = new Counter();
  readonly #requests = new Counter();
  readonly #delivered = new Histogram(deliveryBounds, [{}]);
  /** Seconds since 1970, by layer. */
  readonly #contacts = new Map<string, number>();
  #rollbacks = 0;
  #driftRepairs = 0;
  #lastSuccess: number | undefined;
  #lastReload: number | undefined;

  constructor(view: () => MetricsView) {
    this.#view = view;
  }

  polled(layer: string, result: PollResult): void {
    this.#polls.add({ layer, result });
    if (result !== 'failed') this.#contacts.set(layer, now());
  }

  /** Which is all that a sync could bring about. */
  inStep(): void {
    this.#lastSuccess = now();
  }

  synced(result: SyncResult): void {
    this.#syncs.add({ result });
    if (result === 'published' || result === 'equal') this.#lastSuccess = now();
  }

  phase(phase: Phase, seconds: number): void {
    this.#phases.observe({ phase }, seconds);
  }

  reloaded(target: string, answer: AnswerClass): void {
    this.#reloads.add({ target, class: answer });
    if (answer === 'accepted') this.#lastReload = now();
  }

  rolledBack(): void {
    this.#rollbacks += 1;
  }

  driftRepaired(count: number): void {
    this.#driftRepairs += count;
  }

  requested(layer: string, operation: string, result: string): void {
    this.#requests.add({ layer, operation, result });
  }

  delivered(seconds: number): void {
    this.#delivered.observe({}, seconds);
  }

  /** Everything, as Prometheus text or as OpenMetrics. */
  render(openMetrics: boolean): string {
    const view = this.#view();
    const out = new Exposition(openMetrics);
    out.info('wherry_build', 'The version that runs.', [{ version: view.version }]);
    this.#writeSyncs(out, view);
    writePublished(out, view);
    this.#writeReloads(out, view);
    writeSteering(out, view);
    writeProcessMetrics(out);
    return out.end();
  }

  #writeSyncs(out: Exposition, { lastSync, layers }: MetricsView): void {
    out.counter('wherry_polls', 'Looks at the source.', this.#polls.samples());
    out.counter('wherry_syncs', 'Changes that were followed, or not.', this.#syncs.samples());
    out.histogram(
      'wherry_sync_duration_seconds',
      'Duration of each phase of a sync.',
      this.#phases.samples(),
    );
    const requests = this.#requests.samples();
    if (requests.length > 0) out.counter('wherry_s3_requests', 'Requests to S3 stores, by class.', requests);
    const earlier =
      lastSync?.result === 'published' || lastSync?.result === 'equal' ? lastSync.at : undefined;
    const help = 'When the published set was last what the source said, in seconds since 1970.';
    out.gauge(
      'wherry_last_sync_success_timestamp_seconds',
      help,
      optional(this.#lastSuccess ?? seconds(earlier)),
    );
    const contacts = [...this.#contacts].map(([layer, value]) => ({ labels: { layer }, value }));
    const contactHelp = 'When the source last answered, in seconds since 1970.';
    out.gauge('wherry_source_last_contact_timestamp_seconds', contactHelp, contacts);
    const failing = (layers ?? []).map(({ name: layer, lastFailure }) => ({
      labels: { layer },
      value: Number(lastFailure !== undefined),
    }));
    const failingHelp = 'Whether the last good part of a layer stands in for what it has now.';
    out.gauge('wherry_layer_failing', failingHelp, failing);
  }

  #writeReloads(out: Exposition, { targets, pending, quarantine }: MetricsView): void {
    for (const { name } of targets) {
      for (const known of answerClasses) this.#reloads.add({ target: name, class: known }, 0);
    }
    out.counter('wherry_reloads', 'Answers of reload targets.', this.#reloads.samples());
    const answers = targets.map(({ lastAnswer }) => lastAnswer).filter((answer) => answer !== undefined);
    const successful =
      answers.length === 0 ? undefined : answers.every((answer) => answer.class === 'accepted');
    const successHelp = 'Whether the last answer of every reload target was that it accepted.';
    out.gauge(
      'wherry_last_reload_successful',
      successHelp,
      optional(successful === undefined ? undefined : Number(successful)),
    );
    const earlier = answers.flatMap((answer) =>
      answer.class === 'accepted' ? [seconds(answer.at) ?? 0] : [],
    );
    const last = this.#lastReload ?? (earlier.length === 0 ? undefined : Math.max(...earlier));
    const timeHelp = 'When a reload target last accepted, in seconds since 1970.';
    out.gauge('wherry_last_reload_success_timestamp_seconds', timeHelp, optional(last));
    const pendingHelp = 'Whether a reload target has not taken the published set.';
    out.gauge('wherry_pending_reload', pendingHelp, [{ value: Number(pending) }]);
    out.counter('wherry_rollbacks', 'Sets that were replaced by the last good one.', [
      { value: this.#rollbacks },
    ]);
    const quarantineHelp = 'Whether the newest revision of the source was refused.';
    out.gauge('wherry_quarantined', quarantineHelp, [{ value: Number(quarantine !== undefined) }]);
    const driftHelp =
      'Published files, directories and links that something else changed, and that were put back.';
    out.counter('wherry_drift_repairs', driftHelp, [{ value: this.#driftRepairs }]);
    const deliveredHelp = 'From the sight of a change to the acknowledgement by every reload target.';
    out.histogram('wherry_change_to_reload_seconds', deliveredHelp, this.#delivered.samples());
  }
}

function writePublished(out: Exposition, { published }: MetricsView): void {
  if (published === undefined) return;
  const { revision, files, bytes } = published;
  out.info('wherry_published', 'The revision that readers see.', [{ revision }]);
  out.gauge('wherry_published_files', 'Files in the published set.', [{ value: files }]);
  out.gauge('wherry_published_bytes', 'Bytes in the published set.', [{ value: bytes }]);
}

function writeSteering(out: Exposition, { verification, hold, pin }: MetricsView): void {
  const unverifiedHelp = 'Whether the published set has not passed its verification, or not yet.';
  const isUnverified = verification === undefined ? undefined : Number(verification.state !== 'verified');
  out.gauge('wherry_unverified', unverifiedHelp, optional(isUnverified));
  out.gauge('wherry_held', 'Whether publishing is frozen by hand.', [{ value: Number(hold !== undefined) }]);
  out.info(
    'wherry_pinned',
    'The revision that is followed by hand.',
    pin === undefined ? [] : [{ revision: pin.revision }],
  );
}

function optional(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ value }];
}

function now(): number {
  return Date.now() / 1000;
}

function seconds(at: string | undefined): number | undefined {
  const time = at === undefined ? Number.NaN : Date.parse(at) / 1000;
  return Number.isNaN(time) ? undefined : time;
}
