import type { Preset } from './preset.ts';

/**
 * SIGUSR2 to the master, which starts itself again under its pid. With the master CLI as the reload URL the answer
 * says more. From HAProxy 3.1 on it is the new worker that reads the configuration: a bad one ends it soon.
 */
export const haproxy: Preset = {
  application: 'HAProxy',
  settings: { reloadSignal: 'SIGUSR2', reloadProcess: 'haproxy' },
  urlReplacesSignal: true,
  confirm: { kind: 'new-workers', within: 10_000, stays: 1000 },
  validator: 'haproxy -c -f {staged}/haproxy.cfg',
};
