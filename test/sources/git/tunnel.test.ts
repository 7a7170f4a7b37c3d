import { expect, test } from 'vitest';
import { HttpConnection } from '../../../src/sources/git/http-connection.ts';
import { ForwardProxy } from '../../support/git-proxy.ts';
import { silentServer } from '../../support/silent-server.ts';

test('a request through a proxy to a host that does not answer ends when it is aborted', async () => {
  const proxy = await ForwardProxy.start();
  const port = await silentServer();
  const origin = { secure: true, hostname: '127.0.0.1', port };
  const host = `127.0.0.1:${port}`;
  const none = { ca: undefined, cert: undefined, key: undefined };
  using connection = new HttpConnection({ ...none, proxyEnv: { HTTPS_PROXY: proxy.url } });
  const abort = new AbortController();
  const call = connection.send({ origin, method: 'GET', path: '/', headers: { host } }, abort.signal);
  await expect.poll(() => proxy.seen).toHaveLength(1);
  abort.abort(new Error('enough'));
  await expect(call).rejects.toThrow('enough');
}, 5000);
