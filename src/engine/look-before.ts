import type { Parts } from './parts.ts';

/** Milliseconds for the looks at an application before a publish: one that hangs does not hold a change up. */
const lookTimeout = 5000;

/** The name under which the verification's look is kept; no target has it. */
export const verificationName = 'verification';

/** What the application says of itself before it can have seen the set, by the name of who asks. */
export async function lookBefore(
  { targets, verification }: Pick<Parts, 'targets' | 'verification'>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const looks = targets.flatMap(({ name, prepare }) =>
    prepare === undefined ? [] : [[name, prepare] as const],
  );
  if (verification !== undefined) looks.push([verificationName, (own) => verification.prepare(own)]);
  if (looks.length === 0) return {};
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(lookTimeout)]);
  const found = await Promise.all(
    looks.map(async ([name, look]) => [name, await look(bounded).catch(() => undefined)] as const),
  );
  signal.throwIfAborted();
  return Object.fromEntries(found.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
