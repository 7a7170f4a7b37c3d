import { describe, expect, test } from 'vitest';
import { freePort, ReloadApp } from '../../support/reload-app.ts';
import { answerByPath, callsOf } from './answers.ts';
import { Pod } from './pod.ts';

const runtimeinfo = 'GET /api/v1/status/runtimeinfo';
const inForce = '{"status":"success","data":{"reloadConfigSuccess":true}}';

function prometheusPod(url: URL | string): Promise<Pod> {
  return Pod.of('prometheus', { WHERRY_RELOAD_URL: String(url), WHERRY_RELOAD_TIMEOUT: '20s' });
}

describe('an application that says when it is ready', () => {
  test('is not called while it is not', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, { 'GET /-/ready': 503, 'POST /-/reload': 200 });
    const pod = await prometheusPod(app.url());
    expect(await pod.reload()).toMatchObject({
      class: 'busy',
      detail: expect.stringMatching(/GET http:\S+\/-\/ready answered 503.*not ready/),
    });
    expect(callsOf(app)).toEqual(['GET /-/ready']);
  });

  test('is called, and asked what it made of it, when it is', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, { 'GET /-/ready': 200, 'POST /-/reload': 200, [runtimeinfo]: inForce });
    const pod = await prometheusPod(app.url());
    expect(await pod.reload()).toEqual({ class: 'accepted' });
    expect(callsOf(app)).toEqual(['GET /-/ready', 'POST /-/reload', runtimeinfo]);
  });

  test('is called when it has no such answer', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, { 'POST /-/reload': 200, [runtimeinfo]: inForce });
    const pod = await prometheusPod(app.url());
    expect(await pod.reload()).toEqual({ class: 'accepted' });
  });

  test('is called for what is wrong with the credentials', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, { 'GET /-/ready': 401, 'POST /-/reload': 401 });
    const pod = await prometheusPod(app.url());
    expect(await pod.reload()).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('WHERRY_RELOAD_PASSWORD'),
    });
  });

  test('is not up when nobody answers', async () => {
    const pod = await prometheusPod(`http://127.0.0.1:${await freePort()}/-/reload`);
    expect(await pod.reload()).toMatchObject({ class: 'not-up' });
  });

  test('is asked below the route prefix of the reload URL', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, {
      'GET /prom/-/ready': 200,
      'POST /prom/-/reload': 200,
      'GET /prom/api/v1/status/runtimeinfo': inForce,
    });
    const pod = await prometheusPod(app.url('/prom/-/reload'));
    expect(await pod.reload()).toEqual({ class: 'accepted' });
  });

  test('is asked with the credentials of the call', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, { 'GET /-/ready': 200, 'POST /-/reload': 200, [runtimeinfo]: inForce });
    const pod = await Pod.of('prometheus', {
      WHERRY_RELOAD_URL: String(app.url()),
      WHERRY_RELOAD_USERNAME: 'me',
      WHERRY_RELOAD_PASSWORD: 'secret',
    });
    await pod.reload();
    const sent = app.calls.map(({ headers }) => headers.authorization);
    expect(sent).toEqual(Array(3).fill(`Basic ${Buffer.from('me:secret').toString('base64')}`));
  });
});
