import type { StatusDocument } from './status.ts';

export interface Health {
  readonly ok: boolean;
  /** One line: why it is not, or that it is. */
  readonly reason: string;
}

/** What the administration shows. Each function is called when somebody asks, and must be quick. */
export interface AdminView {
  /** A set is published. */
  startup(): Health;
  /** A set is published, and the last change was acknowledged or needs no acknowledgement. */
  ready(): Health;
  /** The loop itself turns; never about the source. */
  live(): Health;
  status(): StatusDocument;
  /** Prometheus text, or OpenMetrics. */
  metrics(openMetrics: boolean): string;
}
