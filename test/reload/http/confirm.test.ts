import { describe, expect, test, vi } from 'vitest';
import { ReloadApp } from '../../support/reload-app.ts';
import { context } from '../context.ts';
import { answerByPath, callsOf, type PathAnswer } from './answers.ts';
import { Pod } from './pod.ts';

const reload = '/api/v2/reload';

function countOf(count: () => number): () => string {
  return () => JSON.stringify({ hot_reload_count: count() });
}

function fluentBitPod(app: ReloadApp, timeout = '20s'): Promise<Pod> {
  const url = String(app.url(reload));
  return Pod.of('fluent-bit', { WHERRY_RELOAD_URL: url, WHERRY_RELOAD_TIMEOUT: timeout });
}

describe('Fluent Bit, whose 200 promises nothing', () => {
  test('took the set when its count rises', async () => {
    await using app = await ReloadApp.start();
    let count = 3;
    answerByPath(app, {
      [`GET ${reload}`]: countOf(() => count),
      [`POST ${reload}`]: () => {
        setTimeout(() => {
          count += 1;
        }, 150);
        return '{"reload":"done","status":0}';
      },
    });
    const pod = await fluentBitPod(app);
    expect(await pod.reload()).toEqual({ class: 'accepted' });
    expect(count).toBe(4);
    expect(app.calls.find(({ method }) => method === 'POST')?.body).toBe('{}');
  });

  test('refused it when its count stays', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, {
      [`GET ${reload}`]: countOf(() => 3),
      [`POST ${reload}`]: '{"reload":"done","status":0}',
    });
    const pod = await fluentBitPod(app, '400ms');
    expect(await pod.reload()).toMatchObject({
      class: 'rejected',
      detail: expect.stringMatching(/hot_reload_count stayed 3: it did not take the set.*waited 400ms/),
    });
  });

  test('took it when it was started anew, and its count with it', async () => {
    await using app = await ReloadApp.start();
    let count = 3;
    answerByPath(app, {
      [`GET ${reload}`]: countOf(() => count),
      [`POST ${reload}`]: () => {
        count = 0;
        return 200;
      },
    });
    const pod = await fluentBitPod(app, '500ms');
    expect(await pod.reload()).toEqual({ class: 'accepted' });
  });

  test('is not up when it answers no more', async () => {
    await using app = await ReloadApp.start();
    let isUp = true;
    answerByPath(app, {
      [`GET ${reload}`]: () => (isUp ? '{"hot_reload_count":0}' : 'reset'),
      [`POST ${reload}`]: () => {
        isUp = false;
        return 200;
      },
    });
    const pod = await fluentBitPod(app, '400ms');
    expect(await pod.reload()).toMatchObject({ class: 'not-up' });
  });

  test('that is too old to count is misconfigured, and not called', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, { [`GET ${reload}`]: 400, [`POST ${reload}`]: 200 });
    const pod = await fluentBitPod(app);
    expect(await pod.reload()).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('/hot_reload_count'),
    });
    expect(callsOf(app)).toEqual([`GET ${reload}`]);
  });

  test('without its HTTP server set up is misconfigured', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, {});
    const pod = await fluentBitPod(app);
    expect(await pod.reload()).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('http_server on'),
    });
  });
});

describe('a wait for confirmation', () => {
  test('ends when a newer set waits', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, { [`GET ${reload}`]: countOf(() => 3), [`POST ${reload}`]: 200 });
    const pod = await fluentBitPod(app);
    const overtaken = new AbortController();
    const answer = pod.reload({}, overtaken.signal);
    await vi.waitFor(() => expect(callsOf(app).length).toBeGreaterThan(2), 10_000);
    overtaken.abort();
    expect(await answer).toEqual({ class: 'busy', detail: 'overtaken by a newer set' });
  });

  test('ends with the reason of an abort', async () => {
    await using app = await ReloadApp.start();
    answerByPath(app, { [`GET ${reload}`]: countOf(() => 3), [`POST ${reload}`]: 200 });
    const pod = await fluentBitPod(app);
    const stop = new AbortController();
    const answer = pod.target.reload(context, stop.signal, new AbortController().signal);
    await vi.waitFor(() => expect(callsOf(app).length).toBeGreaterThan(2), 10_000);
    const reason = new Error('shutting down');
    stop.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });
});

describe('Prometheus after a reload that it accepted', () => {
  const runtimeinfo = 'GET /api/v1/status/runtimeinfo';
  const said = (success: boolean) => JSON.stringify({ data: { reloadConfigSuccess: success } });
  const withInfo = async (app: ReloadApp, info: PathAnswer, timeout = '20s') => {
    answerByPath(app, { 'POST /-/reload': 200, [runtimeinfo]: info });
    const url = String(app.url());
    const pod = await Pod.of('prometheus', { WHERRY_RELOAD_URL: url, WHERRY_RELOAD_TIMEOUT: timeout });
    return pod.reload();
  };

  test('may say the contrary for a moment', async () => {
    await using app = await ReloadApp.start();
    let looks = 0;
    const info = () => {
      looks += 1;
      return said(looks > 2);
    };
    expect(await withInfo(app, info)).toEqual({ class: 'accepted' });
  });

  test('refused the set when it goes on saying so', async () => {
    await using app = await ReloadApp.start();
    expect(await withInfo(app, said(false))).toMatchObject({
      class: 'rejected',
      detail: expect.stringMatching(/runtimeinfo: \/data\/reloadConfigSuccess is false/),
    });
  });

  test.each([401, 403, 404, 405])('cannot be confirmed when that answers %d', async (status) => {
    await using app = await ReloadApp.start();
    expect(await withInfo(app, status)).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringMatching(new RegExp(`/api/v1/status/runtimeinfo answered ${status}`)),
    });
  });

  test('is busy while that answers 503', async () => {
    await using app = await ReloadApp.start();
    expect(await withInfo(app, 503, '300ms')).toMatchObject({ class: 'busy' });
  });

  test('cannot be confirmed by something that is no JSON', async () => {
    await using app = await ReloadApp.start();
    expect(await withInfo(app, '<html>', '300ms')).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining('holds nothing at /data/reloadConfigSuccess'),
    });
  });
});

describe('Grafana', () => {
  test('is told to read data sources and dashboards, with the name of its admin', async () => {
    await using app = await ReloadApp.start();
    const base = '/api/admin/provisioning';
    answerByPath(app, {
      [`POST ${base}/datasources/reload`]: '{"message":"Datasources config reloaded"}',
    });
    const settings = { WHERRY_RELOAD_USERNAME: 'admin', WHERRY_RELOAD_PASSWORD: 'secret' };
    const url = String(app.url(`${base}/datasources/reload`));
    const pod = await Pod.of('grafana', { ...settings, WHERRY_RELOAD_URL: url });
    expect(await pod.reload()).toEqual({ class: 'accepted' });
    expect(app.calls[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('admin:secret').toString('base64')}`,
    );
  });
});

describe('Spring Boot', () => {
  test.each(['["app.greeting"]', '[]'])('accepts with %s', async (keys) => {
    await using app = await ReloadApp.start();
    answerByPath(app, { 'POST /actuator/refresh': keys });
    const pod = await Pod.of('spring', { WHERRY_RELOAD_URL: String(app.url('/actuator/refresh')) });
    expect(await pod.reload()).toEqual({ class: 'accepted' });
  });
});
