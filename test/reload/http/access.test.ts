import { expect, test } from 'vitest';
import { accessTo } from '../../../src/reload/http/access.ts';

test.each([
  ['a password', 'http://me:hunter22@127.0.0.1/', 'no hunter22', 'no ***'],
  ['a user name that stands alone, as tokens do', 'http://tok3n-abc@127.0.0.1/', 'no tok3n-abc', 'no ***'],
  ['a user name beside a password', 'http://somebody:hunter22@127.0.0.1/', 'no somebody', 'no somebody'],
  ['a token of the query', 'http://127.0.0.1/?token=abcd', 'no abcd', 'no ***'],
])('of what an application repeats, %s is hidden where it is secret', (_, url, said, shown) => {
  expect(accessTo(new URL(url), {}, {}).hide(said)).toBe(shown);
});

test('of what an application repeats, the values of the headers that it was sent are hidden', () => {
  const reloadHeaders = [
    ['X-Tenant', 'blue-whale'],
    ['Accept', 'application/json'],
  ] as const;
  const { hide } = accessTo(new URL('http://127.0.0.1/'), { reloadHeaders }, {});
  expect(hide('no blue-whale, application/json')).toBe('no ***, application/json');
});
