import type { Preset } from './preset.ts';

/** The configuration itself is the body. With the header Caddy loads an equal one too: files that it names may have changed. */
export const caddy: Preset = {
  application: 'Caddy',
  settings: {
    reloadUrl: 'http://127.0.0.1:2019/load',
    reloadMethod: 'POST',
    reloadBody: '@Caddyfile',
    reloadHeaders: 'Cache-Control: must-revalidate',
    reloadExpect: '200',
  },
  cures: { 403: 'allow the host name of WHERRY_RELOAD_URL in the origins of Caddy’s admin endpoint' },
  validator: 'caddy validate --config {staged}/Caddyfile --adapter caddyfile',
};
