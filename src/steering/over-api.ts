import { type AdminAddress, type AdminAnswer, callAdmin, foreign, silent } from '../admin/client.ts';
import type { RequestOutcome, Wish } from '../engine/machine/request.ts';
import { DeniedError, type Failure, SettingsError, UnreachableError } from '../failure/failure.ts';
import { oneLine } from '../platform/one-line.ts';
import { followToEnd, type Patience } from './follow-outcome.ts';
import { parseLastRequest, parseOutcome } from './wish.ts';

const otherWay = 'say --admin-address off to go through the state directory';

/** Posts a wish to the sidecar that listens there, and waits for its end. Undefined: nobody listens there. */
export async function askOverApi(
  address: AdminAddress,
  token: string,
  wish: Wish,
  patience: Patience,
): Promise<RequestOutcome | undefined> {
  const answer = await post(address, token, wish, patience);
  if (answer === undefined) return undefined;
  const outcome = parseOutcome(answer.body);
  if (outcome === undefined) throw noOutcome(address, wish, answer);
  return followToEnd(outcome, () => lastRequest(address, patience), patience);
}

async function post(
  address: AdminAddress,
  token: string,
  wish: Wish,
  { taken }: Patience,
): Promise<AdminAnswer | undefined> {
  const query = wish.action === 'pin' ? `?revision=${encodeURIComponent(wish.revision)}` : '';
  const headers = { authorization: `Bearer ${token}` };
  try {
    return await callAdmin(address, { method: 'POST', path: `/${wish.action}${query}`, headers }, taken);
  } catch (error) {
    if (isNotConnected(error)) return undefined;
    throw new UnreachableError({
      problem: `${wish.action}: ${silent(address, error)}`,
      cure: 'it may have been carried out all the same; `wherry status` tells',
      cause: error,
    });
  }
}

/** A sidecar that does not answer for a moment may answer the next time. */
async function lastRequest(address: AdminAddress, { taken }: Patience): Promise<RequestOutcome | undefined> {
  const call = { method: 'GET', path: '/status' } as const;
  const answer = await callAdmin(address, call, taken).catch(() => undefined);
  return answer?.status === 200 ? parseLastRequest(answer.body) : undefined;
}

function noOutcome(address: AdminAddress, { action }: Wish, { status, body }: AdminAnswer): Failure {
  const said = oneLine(body).slice(0, 500);
  switch (status) {
    case 400:
      return new SettingsError({ problem: said });
    case 401:
      return new DeniedError({
        setting: 'WHERRY_ADMIN_TOKEN',
        problem: `${action}: the sidecar has another token`,
        cure: `give the one that it was started with, or ${otherWay}`,
      });
    case 403:
      return new DeniedError({
        setting: 'WHERRY_ADMIN_TOKEN',
        problem: `${action}: the sidecar has none, and so takes no requests at its address`,
        cure: `set it for the sidecar too, or ${otherWay}`,
      });
    case 500:
    case 503:
      return new UnreachableError({ problem: `${action}: ${said}` });
    default:
      return new UnreachableError({ problem: `${action}: ${foreign(address, status)}`, cure: otherWay });
  }
}

/** Nothing was sent, so that another way may be tried. */
function isNotConnected(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isNotConnected);
  if (!(error instanceof Error) || !('syscall' in error)) return false;
  return error.syscall === 'connect' || error.syscall === 'getaddrinfo';
}
