import { expect, test } from 'vitest';
import { SettingsError } from '../../src/failure/failure.ts';
import { proxyVariables } from '../../src/platform/proxy.ts';

test('the proxy settings are given under both spellings, the lower case first', () => {
  const ambient = {
    HTTPS_PROXY: 'http://upper:1',
    https_proxy: 'http://lower:1',
    NO_PROXY: 'a,b',
    HTTP_PROXY: '',
  };
  expect(proxyVariables(ambient)).toEqual({
    https_proxy: 'http://lower:1',
    HTTPS_PROXY: 'http://lower:1',
    no_proxy: 'a,b',
    NO_PROXY: 'a,b',
  });
});

test.each([
  'http://user:hidden@a b',
  'https://user:hidden@proxy:port',
  'http://user:hidden%zz@proxy',
  'http://user:hidden@proxy\n',
])('a URL that cannot be read is told by its name, and not by its password (%j)', (value) => {
  const read = () => proxyVariables({ HTTPS_PROXY: value });
  expect(read).toThrow(SettingsError);
  expect(read).toThrow(/^HTTPS_PROXY: /);
  expect(read).not.toThrow(/hidden/);
});

test('what is no URL of HTTP is left to whoever understands it', () => {
  expect(proxyVariables({ https_proxy: 'proxy:3128' })).toMatchObject({ HTTPS_PROXY: 'proxy:3128' });
});
