import { type Context, tell } from './context.ts';
import type { Request, RequestOutcome } from './machine/request.ts';

/** Does what a person asks for as far as that is a matter of state, and says what came of it. */
export async function asked(context: Context, request: Request): Promise<RequestOutcome> {
  const written = tell(context, { type: 'asked', request });
  // Before anything else can happen: another request may come while this one is written.
  const { lastRequest } = context.memory.state;
  await written;
  if (lastRequest?.id !== request.id) throw new Error(`request ${request.id} was not taken`);
  const { action, result, detail } = lastRequest;
  context.options.log.warn({ action, result }, `asked by hand: ${detail}`);
  return lastRequest;
}
