import type { Request } from './machine/request.ts';

/** Where people leave requests for a running sidecar, or for its next start. */
export interface RequestBox {
  /** What is there, the oldest first. What cannot be read is reported, and does not come again. */
  take(): Promise<readonly Request[]>;
  /** Its outcome is on disk: it does not come again. */
  done(request: Request): Promise<void>;
}
