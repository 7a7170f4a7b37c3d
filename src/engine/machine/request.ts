import type { Revision } from '../../snapshot/entry.ts';

/** What a person asks of a running sidecar. */
export type Wish =
  /** Publish nothing new. */
  | { readonly action: 'hold' }
  /** Follow this revision, whatever the source shows. */
  | { readonly action: 'pin'; readonly revision: Revision }
  /** Follow the source again; what was refused may be tried again. */
  | { readonly action: 'resume' }
  /** Publish the good set before the present one again. */
  | { readonly action: 'rollback' };

/** A wish that is carried out once, however often it is delivered. */
export type Request = Wish & { readonly id: string };

export interface RequestOutcome {
  readonly id: string;
  readonly action: Wish['action'];
  readonly result: 'done' | 'under-way' | 'refused';
  /** One line for people. */
  readonly detail: string;
  readonly at: string;
}
