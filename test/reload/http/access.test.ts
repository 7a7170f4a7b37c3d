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
