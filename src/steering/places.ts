import { join } from 'node:path';

export const requestsName = 'requests';

/** Where requests lie in a state directory. */
export function requestsIn(stateDir: string): string {
  return join(stateDir, requestsName);
}
