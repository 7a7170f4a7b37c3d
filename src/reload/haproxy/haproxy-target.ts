import type { Target } from '../target.ts';

/** True for a reload URL that is the address of HAProxy's master CLI. */
export function isHaproxyCli({ protocol }: URL): boolean {
  return protocol === 'unix:' || protocol === 'tcp:';
}

/** A HAProxy whose master is told over its CLI after a publish, and says there what it made of it. */
export function haproxyTarget(name: string, url: URL, timeout: number): Target {
  return {
    name,
    identity: `reload ${url.protocol}//${url.host}${url.pathname}`,
    reload: async (_context, signal, overtaken = new AbortController().signal) => {
      const { reloadOverCli } = await import('./reload.ts');
      return reloadOverCli({ url, timeout }, signal, overtaken);
    },
  };
}
