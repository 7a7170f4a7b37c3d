import type { Log } from '../../../platform/log.ts';
import type { Settings } from '../../../settings/schema.ts';
import type { Revision } from '../../../snapshot/entry.ts';
import type { Store } from '../store/store.ts';

export interface LayoutOptions {
  readonly settings: Settings;
  readonly store: Store;
  /** Private to this program; made when it is needed. */
  readonly directory: string;
  readonly log: Log;
  /** A state of the past, in the place of WHERRY_S3_AS_OF or of the newest one. */
  readonly revision: Revision | undefined;
}
