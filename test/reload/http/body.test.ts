import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bodyOf, typeOfName } from '../../../src/reload/http/body.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { engineIn, modes } from '../../support/publish-modes.ts';
import { ReloadApp } from '../../support/reload-app.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { settingsOf } from '../context.ts';
import { Pod } from './pod.ts';

const caddyfile = {
  reloadMethod: 'POST',
  reloadBody: '@conf/Caddyfile',
  publish: 'symlink',
  linkName: 'current',
} as const;

function placesOf(directory: string) {
  return { targetDir: directory, stateDir: join(directory, '..wherry') };
}

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
    const found = await bodyOf(caddyfile, placesOf(await temporaryDirectory()));
    expect(found).toMatchObject({
      answer: { class: 'not-up', detail: expect.stringContaining('before a set is published') },
    });
  });

  test('must be in the set', async () => {
    const pod = await Pod.of('caddy');
    await pod.publish({ 'other.conf': '' });
    expect(await bodyOf(caddyfile, placesOf(pod.directory))).toMatchObject({
      answer: {
        class: 'misconfigured',
        detail: expect.stringContaining('@conf/Caddyfile is not in the set'),
      },
    });
  });

  test('must be a file', async () => {
    const pod = await Pod.of('caddy');
    await pod.publish({ 'conf/Caddyfile/x': '' });
    expect(await bodyOf(caddyfile, placesOf(pod.directory))).toMatchObject({
      answer: { class: 'misconfigured', detail: expect.stringContaining('is no file of the set') },
    });
  });

  test('may be a link inside the set, and none that leads out of it', async () => {
    const pod = await Pod.of('caddy');
    await pod.publish({ 'conf/real': 'inside' });
    await symlink('real', join(pod.directory, '..data/conf/Caddyfile'));
    expect(await bodyOf(caddyfile, placesOf(pod.directory))).toMatchObject({
      body: { content: Buffer.from('inside') },
    });
    await writeFile(join(pod.directory, 'outside'), 'secret');
    await symlink('../../outside', join(pod.directory, '..data/conf/out'));
    expect(await bodyOf({ ...caddyfile, reloadBody: '@conf/out' }, placesOf(pod.directory))).toMatchObject({
      answer: { class: 'misconfigured', detail: expect.stringContaining('leads out of the set') },
    });
  });

  test('is not read through a ..data that is no generation', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'elsewhere/conf'), { recursive: true });
    await writeFile(join(directory, 'elsewhere/conf/Caddyfile'), 'secret');
    await symlink('elsewhere', join(directory, '..data'));
    expect(await bodyOf(caddyfile, placesOf(directory))).toMatchObject({ answer: { class: 'not-up' } });
  });

  describe.each(modes)('in %s mode', (mode) => {
    const settings = {
      ...caddyfile,
      publish: mode.startsWith('link') ? ('link' as const) : (mode as 'symlink' | 'rename'),
      linkName: mode.split(' ')[1] ?? 'current',
    };

    test('is that of the published set', async () => {
      const directory = await temporaryDirectory();
      const places = placesOf(directory);
      const source = new MemorySource();
      await using engine = engineIn(mode, directory, source);
      await engine.open();
      expect(await bodyOf(settings, places)).toMatchObject({ answer: { class: 'not-up' } });
      for (const content of ['one', 'two']) {
        source.set(content, { 'conf/Caddyfile': content });
        await engine.look(new AbortController().signal);
        expect(await bodyOf(settings, places)).toMatchObject({ body: { content: Buffer.from(content) } });
      }
    });

    test('is none that lies beside the set', async () => {
      const directory = await temporaryDirectory();
      const source = new MemorySource();
      source.set('r1', { 'conf/other': '' });
      await using engine = engineIn(mode, directory, source);
      await engine.open();
      await engine.look(new AbortController().signal);
      await mkdir(join(directory, 'beside'), { recursive: true });
      await writeFile(join(directory, 'beside/Caddyfile'), 'not ours');
      const found = await bodyOf({ ...settings, reloadBody: '@beside/Caddyfile' }, placesOf(directory));
      expect(found).toMatchObject({ answer: { class: 'misconfigured' } });
    });
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
