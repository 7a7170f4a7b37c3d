/** The settings that a preset may choose; a value that the user gives wins over its own. */
export type PresetSetting =
  | 'reloadUrl'
  | 'reloadMethod'
  | 'reloadBody'
  | 'reloadHeaders'
  | 'reloadExpect'
  | 'reloadSignal'
  | 'reloadProcess'
  | 'publish';

/** An HTTP answer that means something else for this application than its status says. */
export interface AnswerPattern {
  readonly status: number;
  /** Must be found in the body; absent = whatever it is. */
  readonly body?: RegExp;
  /** What to do about it. */
  readonly cure?: string;
}

/** How to be sure that an application took a set whose signal it accepted. */
export type Confirmation = HttpConfirmation | ProcessConfirmation;

/** What an application tells over HTTP. Paths are resolved beside the reload URL. */
export type HttpConfirmation =
  /** The value at a JSON pointer is this text afterwards. */
  | { readonly kind: 'json-equals'; readonly path: string; readonly pointer: string; readonly value: string }
  /** The number at a JSON pointer is greater than it was before. */
  | { readonly kind: 'json-rises'; readonly path: string; readonly pointer: string }
  /** A metric in Prometheus text has this value afterwards. */
  | { readonly kind: 'metric-equals'; readonly path: string; readonly metric: string; readonly value: number }
  | Counters;

/**
 * Sums of counters in a statistics text, by their names: the set is taken once `taken` rises, rejected when `rejected`
 * does. The sums are read before the set is published.
 */
export interface Counters {
  readonly kind: 'counters';
  readonly path: string;
  readonly taken: RegExp;
  readonly rejected: RegExp;
  /** Gauges with the time of the last update that was taken, Unix milliseconds: where the sums before are not known. */
  readonly takenAt: RegExp;
  /** What to do when nothing moves. */
  readonly cure: string;
}

/** What the process itself shows. */
export type ProcessConfirmation =
  /**
   * The process gets children that it did not have before the signal, its new workers, within so many milliseconds,
   * and one of them still lives some time later.
   */
  | { readonly kind: 'new-workers'; readonly within: number; readonly stays: number }
  /** The process that got the signal still runs after so many milliseconds. */
  | { readonly kind: 'survives'; readonly for: number };

/** Everything that differs for one application. Data only: what acts on it is in `reload/`. */
export interface Preset {
  /** As its makers write it. */
  readonly application: string;
  /** As the user would write them. */
  readonly settings: Readonly<Partial<Record<PresetSetting, string>>>;
  /** `none`: the swap itself tells it; the reload URL is only the place beside which it is asked what it made of it. */
  readonly call?: 'none';
  /** A path beside the reload URL that answers 2xx as soon as a reload can be taken. */
  readonly ready?: string;
  /** Answers that mean: try again soon. */
  readonly busy?: readonly AnswerPattern[];
  /** Answers, accepted by their status too, that mean: the call cannot work as the application is set up. */
  readonly misconfigured?: readonly AnswerPattern[];
  readonly confirm?: Confirmation;
  /** What to do about an answer, by its status. */
  readonly cures?: Readonly<Record<number, string>>;
  /** True where the application is told by a signal, and by a `WHERRY_RELOAD_URL` instead when there is one. */
  readonly urlReplacesSignal?: true;
  /** A `WHERRY_VALIDATE_EXEC` that refuses what the application would. */
  readonly validator: string | undefined;
  /** True where a bad configuration ends the application, so that it must be validated before it is published. */
  readonly needsValidator?: true;
}
