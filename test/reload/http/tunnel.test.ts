import { expect, test } from 'vitest';
import { accessTo } from '../../../src/reload/http/access.ts';
import { CallTimeout, exchange } from '../../../src/reload/http/exchange.ts';
import { soon } from '../../support/calls.ts';
import { silentServer } from '../../support/silent-server.ts';

function asked(url: URL, proxy: string, timeout: number) {
  const access = accessTo(url, {}, { HTTPS_PROXY: proxy });
  return { url, method: 'POST', headers: {}, body: undefined, access, timeout, keep: 0 };
}

test('a call ends in time when the proxy on its way does not answer', async () => {
  const proxy = `http://127.0.0.1:${await silentServer()}`;
  const call = exchange(asked(new URL('https://application.test/'), proxy, 100), soon());
  await expect(call).rejects.toThrow(CallTimeout);
}, 5000);

test('a call ends when it is given up meanwhile', async () => {
  const proxy = `http://127.0.0.1:${await silentServer()}`;
  const abort = new AbortController();
  const call = exchange(asked(new URL('https://application.test/'), proxy, 60_000), abort.signal);
  setImmediate(() => abort.abort());
  await expect(call).rejects.toThrow('given up');
}, 5000);
