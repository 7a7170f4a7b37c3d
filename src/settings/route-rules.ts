import type { Route } from './gate-kinds.ts';
import type { Settings } from './schema.ts';

/** A route to a target that is not there would silently never be taken. */
export function routeRules(settings: Settings): readonly string[] {
  return (settings.reloadWhen ?? []).flatMap((route) => {
    const missing = missingFor(route, settings);
    return missing === undefined
      ? []
      : [`WHERRY_RELOAD_WHEN: "${route.glob}=${route.target}" names a target that is not there; ${missing}`];
  });
}

/** What would have to be set; undefined when the target is there. */
function missingFor({ target }: Route, settings: Settings): string | undefined {
  const urls = settings.reloadUrl?.length ?? 0;
  switch (target) {
    case 'signal':
      return settings.reloadSignal === undefined ? 'set WHERRY_RELOAD_SIGNAL' : undefined;
    case 'exec':
      return settings.reloadExec === undefined ? 'set WHERRY_RELOAD_EXEC' : undefined;
    case 'sentinel':
      return settings.sentinel === undefined ? 'set WHERRY_SENTINEL' : undefined;
    case 'url':
      return urls === 0 ? 'set WHERRY_RELOAD_URL' : undefined;
    default:
      return Number(target.slice('url'.length)) > urls
        ? `WHERRY_RELOAD_URL has ${urls === 1 ? 'one URL' : `${urls} URLs`}`
        : undefined;
  }
}
