import type { Rules } from './events.ts';
import { quarantined, quarantineOf, released } from './quarantine.ts';
import type { Request, RequestOutcome } from './request.ts';
import type { PublishedSet, State } from './state.ts';

/** Does what a person asks for, once. What cannot be done is refused with the reason. */
export function asked(state: State, request: Request, rules: Rules, at: string): State {
  if (state.lastRequest?.id === request.id) return state;
  const { id, action } = request;
  const answer = (next: State, result: RequestOutcome['result'], detail: string): State => ({
    ...next,
    lastRequest: { id, action, result, detail, at },
  });
  switch (request.action) {
    case 'hold':
      return answer({ ...state, hold: { at } }, 'done', 'nothing new is published until `wherry resume`');
    case 'pin': {
      const { revision } = request;
      const fault = rules.pinFault(revision);
      if (fault !== undefined) return answer(state, 'refused', fault);
      const { hold: _, ...rest } = lookedAtAnew(state);
      const pinned = { ...rest, pin: { revision, at } };
      return answer(pinned, 'done', `${revision} is followed until \`wherry resume\``);
    }
    case 'resume': {
      const { hold: _, pin: __, ...rest } = lookedAtAnew(state);
      return answer(rest, 'done', 'the source is followed');
    }
    case 'rollback': {
      const to = beforePublished(state);
      const { published } = state;
      if (published === undefined) return answer(state, 'refused', 'nothing is published yet');
      if (to === undefined) return answer(state, 'refused', 'no other good set is known to go back to');
      return answer(undone(state, published, to, rules, at), 'under-way', `going back to ${to.revision}`);
    }
  }
}

/** Where a rollback by hand goes: the newest set that was good and has another content than the published one. */
export function beforePublished({
  good,
  previousGood,
  published,
  quarantine = [],
}: State): PublishedSet | undefined {
  return [good, previousGood].find(
    (set) =>
      set !== undefined &&
      set.digest !== published?.digest &&
      !quarantine.some(({ digest }) => digest === set.digest),
  );
}

function undone(state: State, published: PublishedSet, to: PublishedSet, { keys }: Rules, at: string): State {
  const known = quarantineOf(state, published.digest);
  const revision = state.seen?.digest === published.digest ? state.seen.revision : published.revision;
  const entry = known ?? {
    setKey: keys.setKey,
    reloadKey: keys.reloadKey ?? '',
    revision,
    digest: published.digest,
    reason: 'rolled back by hand',
    at,
  };
  return { ...quarantined(state, { ...entry, by: 'operator' }), good: to };
}

/** Whatever the source shows is news, and may be tried. */
function lookedAtAnew(state: State): State {
  const { seen: _, rejected: __, rolledBack: ___, ...rest } = released(state);
  return rest;
}
