import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bodyOf, typeOfName } from '../../../src/reload/http/body.ts';
import { ReloadApp } from '../../support/reload-app.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { settingsOf } from '../context.ts';
import { Pod } from './pod.ts';

const caddyfile = { reloadMethod: 'POST', reloadBody: '@conf/Caddyfile' } as const;

describe('a file of the set as the body of a call', () => {
  test('is read from what is published then, and sent as its kind', async () => {
    await using app = await ReloadApp.start();
    const pod = await Pod.of('caddy', { WHERRY_RELOAD_URL: String(app.url('/load')) });
    await pod.publish({ Caddyfile: 'one' });
    await pod.reload();
    await pod.publish({ Caddyfile: 'two' });
    await pod.reload();
    expect(app.calls.map(({ body }) => body)).toEqual(['one', 'two']);
    expect(app.calls[0]?.headers).toMatchObject({
      'content-type': 'text/caddyfile',
      'cache-control': 'must-revalidate',
    });
  });

  test('is waited for until a set is published', async () => {
    const found = await bodyOf(caddyfile, await temporaryDirectory());
    expect(found).toMatchObject({
      answer: { class: 'not-up', detail: expect.stringContaining('before a set is published') },
    });
  });

  test('must be in the set', async () => {
    const pod = await Pod.of('caddy');
    await pod.publish({ 'other.conf': '' });
    expect(await bodyOf(caddyfile, pod.directory)).toMatchObject({
      answer: {
        class: 'misconfigured',
        detail: expect.stringContaining('@conf/Caddyfile is not in the set'),
      },
    });
  });

  test('must be a file', async () => {
    const pod = await Pod.of('caddy');
    await pod.publish({ 'conf/Caddyfile/x': '' });
    expect(await bodyOf(caddyfile, pod.directory)).toMatchObject({
      answer: { class: 'misconfigured', detail: expect.stringContaining('is no file of the set') },
    });
  });

  test('may be a link inside the set, and none that leads out of it', async () => {
    const pod = await Pod.of('caddy');
    await pod.publish({ 'conf/real': 'inside' });
    await symlink('real', join(pod.directory, '..data/conf/Caddyfile'));
    expect(await bodyOf(caddyfile, pod.directory)).toMatchObject({
      body: { content: Buffer.from('inside') },
    });
    await writeFile(join(pod.directory, 'outside'), 'secret');
    await symlink('../../outside', join(pod.directory, '..data/conf/out'));
    expect(await bodyOf({ ...caddyfile, reloadBody: '@conf/out' }, pod.directory)).toMatchObject({
      answer: { class: 'misconfigured', detail: expect.stringContaining('leads out of the set') },
    });
  });

  test('is not read through a ..data that is no generation', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'elsewhere/conf'), { recursive: true });
    await writeFile(join(directory, 'elsewhere/conf/Caddyfile'), 'secret');
    await symlink('elsewhere', join(directory, '..data'));
    expect(await bodyOf(caddyfile, directory)).toMatchObject({ answer: { class: 'not-up' } });
  });

  test.each(['@/etc/passwd', '@../x', '@a/../b', '@'])('%s is refused with the settings', (body) => {
    expect(() => settingsOf({ WHERRY_RELOAD_BODY: body })).toThrow(
      /WHERRY_RELOAD_BODY: .* is not text, or @/,
    );
  });
});

test.each([
  ['Caddyfile', 'text/caddyfile'],
  ['conf/Caddyfile.prod', 'text/caddyfile'],
  ['site.caddyfile', 'text/caddyfile'],
  ['caddy.json', 'application/json'],
  ['a.yaml', 'application/yaml'],
  ['a.YML', 'application/yaml'],
  ['a.toml', 'application/toml'],
  ['a.xml', 'application/xml'],
  ['a.conf', 'text/plain; charset=utf-8'],
])('%s is sent as %s', (name, type) => {
  expect(typeOfName(name)).toBe(type);
});
