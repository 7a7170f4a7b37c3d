import type { FailureDetails } from '../../../../failure/failure.ts';
import type { Link } from '../chain.ts';
import type { Credentials } from '../credentials.ts';

/** What the program is asked, on its standard input. */
export interface CredentialJob {
  /** Asked in this order. */
  readonly links: readonly Link[];
  /** The one link was asked for by name, so that it is to blame when there is nothing. */
  readonly only: boolean;
  /** Where STS is asked, if a profile names no other region. */
  readonly region: string;
  /** `HTTPS_PROXY` and the like; empty = no proxy. */
  readonly proxyEnv: Readonly<Record<string, string>>;
  /** Milliseconds for all of it. */
  readonly timeout: number;
}

export type Told = Omit<FailureDetails, 'cause'>;

/** What it answers, in one line on its standard output. */
export type CredentialAnswer =
  | { readonly kind: 'found'; readonly link: Link; readonly credentials: Credentials }
  | { readonly kind: 'settings' | 'denied' | 'unreachable' | 'unexpected'; readonly details: Told };
