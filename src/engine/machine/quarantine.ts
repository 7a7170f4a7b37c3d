import type { Digest, Revision } from '../../snapshot/entry.ts';
import type { Judge, Keys, Quarantine, State } from './state.ts';

/** Older ones are forgotten: a source that shows more bad sets than this in a row is tried again. */
const most = 32;

/** What is refused of the source's present state; undefined when nothing is. */
export function currentQuarantine({ quarantine = [], seen }: State): Quarantine | undefined {
  if (seen === undefined) return undefined;
  return quarantine.findLast(
    ({ revision, digest }) => revision === seen.revision || (digest !== undefined && digest === seen.digest),
  );
}

export function isRefusedRevision({ quarantine = [] }: State, revision: Revision): boolean {
  return quarantine.some((one) => one.revision === revision);
}

/** What is refused by its name is not looked at again; that the source shows it is noted all the same. */
export function seenRefused(state: State, revision: Revision, { setKey: key }: Keys): State {
  const { quarantine = [], seen } = state;
  const entry = quarantine.findLast((one) => one.revision === revision);
  if (entry === undefined || (seen?.revision === revision && seen.key === key)) return state;
  const { digest } = entry;
  return { ...state, seen: { key, revision, ...(digest === undefined ? {} : { digest }) } };
}

/** The same content is refused whatever its revision is called. */
export function quarantineOf({ quarantine = [] }: State, digest: Digest | undefined): Quarantine | undefined {
  return digest === undefined ? undefined : quarantine.findLast((one) => one.digest === digest);
}

export function quarantined(state: State, entry: Quarantine): State {
  const others = (state.quarantine ?? []).filter(({ revision, digest }) =>
    digest === undefined ? revision !== entry.revision : digest !== entry.digest,
  );
  return { ...state, quarantine: [...others, entry].slice(-most) };
}

/** Only what passes stays refused. */
export function keepQuarantine(state: State, stays: (entry: Quarantine) => boolean): State {
  const { quarantine = [], ...rest } = state;
  const left = quarantine.filter(stays);
  return left.length === 0 ? rest : { ...rest, quarantine: left };
}

/** Everything may be tried again. */
export function released(state: State): State {
  return keepQuarantine(state, () => false);
}

/**
 * A judgement on the published set. One that was good before is not quarantined: there is nothing better. What a person
 * refused stays refused by that person, whatever is said of it afterwards.
 */
export function judged(
  state: State,
  { setKey, reloadKey }: Keys,
  { by, detail, at }: { readonly by: Judge; readonly detail: string; readonly at: string },
): State {
  const { published: set, seen } = state;
  if (set === undefined) return state;
  const key = reloadKey ?? '';
  const known = { ...state, rejected: { sequence: set.sequence, detail, reloadKey: key } };
  if (state.good?.digest === set.digest) return known;
  if (quarantineOf(state, set.digest)?.by === 'operator') return known;
  const revision = seen?.digest === set.digest ? seen.revision : set.revision;
  return quarantined(known, {
    setKey,
    reloadKey: key,
    by,
    revision,
    digest: set.digest,
    reason: detail,
    at,
  });
}

/** What was judged under other settings is forgotten, and so tried again; the published set is told again then. */
export function underSettings(state: State, keys: Keys): State {
  const kept = keepQuarantine(state, (entry) => !isOutdated(entry, keys));
  const isReleased = kept.quarantine?.length !== state.quarantine?.length;
  const { seen, rejected, ...rest } = kept;
  const digest = state.published?.digest;
  const isRetried = quarantineOf(state, digest) !== quarantineOf(kept, digest);
  const isOver = keys.reloadKey !== undefined && (isRetried || rejected?.reloadKey !== keys.reloadKey);
  return {
    ...rest,
    ...(seen === undefined || isReleased ? {} : { seen }),
    ...(rejected === undefined || isOver ? {} : { rejected }),
  };
}

/** Where nobody judges a reload (`init`), what was rejected stays so; what a person refused does under any settings. */
function isOutdated({ by, setKey, reloadKey }: Quarantine, keys: Keys): boolean {
  if (by === 'operator') return false;
  if (reloadKey === undefined) return setKey !== keys.setKey;
  return keys.reloadKey !== undefined && (reloadKey !== keys.reloadKey || setKey !== keys.setKey);
}
