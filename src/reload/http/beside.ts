import type { Preset } from '../../presets/preset.ts';

/**
 * A path of the application that a preset knows, beside the URL that the user calls: what stands before the usual
 * path of the call (a route prefix) stands before this one too.
 */
export function besideReload(url: URL, { settings }: Pick<Preset, 'settings'>, path: string): URL {
  const own = url.pathname.replace(/\/+$/, '');
  const usual = (settings.reloadUrl ?? '').split(',').map((one) => pathOf(one));
  const suffix = usual.find((one) => own.endsWith(one));
  const prefix = suffix === undefined ? '' : own.slice(0, own.length - suffix.length);
  const beside = new URL(url);
  const [pathname = '', search = ''] = path.split(/(?=\?)/);
  beside.pathname = `${prefix}${pathname}`;
  beside.search = search;
  return beside;
}

function pathOf(url: string): string {
  return URL.canParse(url) ? new URL(url).pathname.replace(/\/+$/, '') : '/';
}
