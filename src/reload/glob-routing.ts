import picomatch from 'picomatch';
import type { Route } from '../settings/gate-kinds.ts';
import type { Routing } from './routing.ts';

/** What `WHERRY_RELOAD_WHEN` says: a target that no rule names is for every change. */
export function createRouting(routes: readonly Route[]): Routing {
  const rules = routes.map(({ glob, target }) => ({
    isFor: (name: string) => name === target || (target === 'url' && /^url\d+$/.test(name)),
    matches: picomatch(glob, { dot: true, flags: 's' }),
  }));
  return {
    isAsked: true,
    concerns: (name, changed) => {
      const own = rules.filter(({ isFor }) => isFor(name));
      return own.length === 0 || changed.some((path) => own.some(({ matches }) => matches(path)));
    },
  };
}
