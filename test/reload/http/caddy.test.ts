import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Caddy, hasCaddy } from '../../support/caddy.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { Pod } from './pod.ts';

const missing = !hasCaddy;

async function podFor(caddy: Caddy): Promise<Pod> {
  return Pod.of('caddy', { WHERRY_RELOAD_URL: caddy.url.href });
}

test.skipIf(missing)('Caddy loads the Caddyfile of the published set', async () => {
  await using caddy = await Caddy.start('one');
  const pod = await podFor(caddy);
  expect(await caddy.get()).toBe('one');
  await pod.publish({ Caddyfile: caddy.configuration('respond "two"') });
  expect(await pod.reload()).toEqual({ class: 'accepted' });
  expect(await caddy.get()).toBe('two');
});

test.skipIf(missing)('Caddy refuses a bad Caddyfile, says why, and goes on', async () => {
  await using caddy = await Caddy.start('one');
  const pod = await podFor(caddy);
  await pod.publish({ Caddyfile: caddy.configuration('bogus') });
  expect(await pod.reload()).toMatchObject({
    class: 'rejected',
    detail: expect.stringContaining('unrecognized directive: bogus'),
  });
  expect(await caddy.get()).toBe('one');
});

test.skipIf(missing)('Caddy loads an unchanged Caddyfile whose import changed', async () => {
  const imported = join(await temporaryDirectory(), 'site.conf');
  await using caddy = await Caddy.start('one');
  const pod = await podFor(caddy);
  await pod.publish({ Caddyfile: caddy.configuration(`import ${imported}`) });
  await writeFile(imported, 'respond "first"\n');
  expect(await pod.reload()).toEqual({ class: 'accepted' });
  expect(await caddy.get()).toBe('first');
  await writeFile(imported, 'respond "second"\n');
  expect(await pod.reload()).toEqual({ class: 'accepted' });
  expect(await caddy.get()).toBe('second');
});

test.skipIf(missing)('a JSON configuration is sent as what it is', async () => {
  await using caddy = await Caddy.start('one');
  const pod = await Pod.of('caddy', {
    WHERRY_RELOAD_URL: caddy.url.href,
    WHERRY_RELOAD_BODY: '@conf/caddy.json',
  });
  await pod.publish({
    'conf/caddy.json': JSON.stringify({ admin: { listen: `127.0.0.1:${caddy.port}` } }),
  });
  expect(await pod.reload()).toEqual({ class: 'accepted' });
});
