import { describe, expect, test, vi } from 'vitest';
import { createVerification, type Verdict, type VerifyOptions } from '../../src/verification/verification.ts';
import { settingsOf } from '../reload/context.ts';
import { createCertificates, hasOpenssl } from '../reload/http/certificates.ts';
import { freePort, ReloadApp } from '../support/reload-app.ts';

const never = new AbortController().signal;

interface More extends Partial<VerifyOptions> {
  readonly overtaken?: AbortSignal;
  readonly signal?: AbortSignal;
}

function verificationOf(url: URL | string, settings: Readonly<Record<string, string>> = {}) {
  const all = settingsOf({ WHERRY_VERIFY_URL: String(url), ...settings });
  const verification = createVerification(all, {});
  if (verification === undefined) throw new Error('no verification');
  const verify = ({ overtaken = never, signal = never, ...more }: More = {}): Promise<Verdict> =>
    verification.verify(
      { before: '{"up":true}', endless: false, onTrouble: () => undefined, ...more },
      signal,
      overtaken,
    );
  return { ...verification, verify, prepare: () => verification.prepare(never) };
}

function detailOf(verdict: Verdict): string {
  return verdict.kind === 'bad' ? verdict.detail : '';
}

/** Statuses one after another, the last one for ever. */
function statuses(app: ReloadApp, ...all: readonly number[]): void {
  const queue = [...all];
  app.usually((_request, response) => {
    const status = queue.length > 1 ? queue.shift() : queue[0];
    response.writeHead(status ?? 200).end();
  });
}

test('without a URL there is none', () => {
  expect(createVerification(settingsOf({}), {})).toBeUndefined();
});

describe('waiting for a good answer', () => {
  test('ends with it', async () => {
    await using app = await ReloadApp.start();
    statuses(app, 503, 503, 200);
    expect(await verificationOf(app.url('/ready')).verify()).toEqual({ kind: 'good' });
    expect(app.calls).toHaveLength(3);
    expect(app.calls[0]).toMatchObject({ method: 'GET', path: '/ready' });
  });

  test('takes no longer than the time-out, and says what came last', async () => {
    await using app = await ReloadApp.start();
    app.usually({ status: 503, body: 'no\nroutes' });
    const verification = verificationOf(app.url('/ready'), { WHERRY_VERIFY_TIMEOUT: '400ms' });
    expect(await verification.verify()).toEqual({
      kind: 'bad',
      detail: `GET http://127.0.0.1:${app.port}/ready answered 503: no routes; WHERRY_VERIFY_EXPECT is 2xx; waited 400ms (WHERRY_VERIFY_TIMEOUT)`,
    });
  });

  test('says the value that was found', async () => {
    await using app = await ReloadApp.start();
    app.usually({ status: 200, body: '{"status":"starting"}' });
    const verification = verificationOf(app.url('/'), {
      WHERRY_VERIFY_EXPECT: 'json:/status=ready',
      WHERRY_VERIFY_TIMEOUT: '300ms',
    });
    expect(detailOf(await verification.verify())).toContain(
      '"/status" is "starting"; WHERRY_VERIFY_EXPECT is json:/status=ready',
    );
  });

  test('for a value that changes ends when it has', async () => {
    await using app = await ReloadApp.start();
    let count = 7;
    app.usually((_request, response) => {
      response.end(JSON.stringify({ count }));
    });
    const verification = verificationOf(app.url('/'), { WHERRY_VERIFY_EXPECT: 'json:/count changes' });
    const before = await verification.prepare();
    expect(before).toBe('{"up":true,"value":"7"}');
    const verdict = verification.verify({ before });
    await vi.waitFor(() => expect(app.calls.length).toBeGreaterThan(2), 10_000);
    count = 8;
    expect(await verdict).toEqual({ kind: 'good' });
  });

  test('ends when a newer set waits, in the middle of a look too', async () => {
    await using app = await ReloadApp.start();
    app.usually({ fault: 'hang' });
    const overtaken = new AbortController();
    const verdict = verificationOf(app.url('/')).verify({ overtaken: overtaken.signal });
    await vi.waitFor(() => expect(app.calls).toHaveLength(1), 10_000);
    overtaken.abort();
    expect(await verdict).toEqual({ kind: 'overtaken' });
  });

  test('ends with the reason of an abort', async () => {
    await using app = await ReloadApp.start();
    statuses(app, 503);
    const stop = new AbortController();
    const verdict = verificationOf(app.url('/')).verify({ signal: stop.signal });
    await vi.waitFor(() => expect(app.calls.length).toBeGreaterThan(1), 10_000);
    const reason = new Error('shutting down');
    stop.abort(reason);
    await expect(verdict).rejects.toBe(reason);
  });
});

describe('an application that does not answer', () => {
  test('is bad when it did before', async () => {
    const verification = verificationOf(`http://127.0.0.1:${await freePort()}/`, {
      WHERRY_VERIFY_TIMEOUT: '300ms',
    });
    const verdict = await verification.verify({ before: '{"up":true}' });
    expect(detailOf(verdict)).toMatch(/ECONNREFUSED.*waited 300ms/);
  });

  test.each([['{"up":false}'], [undefined]])(
    'is no verdict when it did not before (%s), until it does',
    async (before) => {
      const port = await freePort();
      const verification = verificationOf(`http://127.0.0.1:${port}/`, {
        WHERRY_VERIFY_TIMEOUT: '200ms',
      });
      const onTrouble = vi.fn<(detail: string) => void>();
      const verdict = verification.verify({ before, onTrouble });
      await vi.waitFor(() => expect(onTrouble).toHaveBeenCalledTimes(1), 10_000);
      await using app = await ReloadApp.start({ port });
      statuses(app, 503, 200);
      expect(await verdict).toEqual({ kind: 'good' });
      expect(onTrouble).toHaveBeenCalledTimes(1);
    },
  );

  test('has the whole time-out from its first answer on', async () => {
    const port = await freePort();
    const verification = verificationOf(`http://127.0.0.1:${port}/`, { WHERRY_VERIFY_TIMEOUT: '500ms' });
    const onTrouble = vi.fn<(detail: string) => void>();
    const verdict = verification.verify({ before: await verification.prepare(), onTrouble });
    await vi.waitFor(() => expect(onTrouble).toHaveBeenCalled(), 10_000);
    await using app = await ReloadApp.start({ port });
    statuses(app, 503);
    expect(detailOf(await verdict)).toContain('answered 503');
    const [first] = app.calls;
    expect(performance.now() - (first?.at ?? 0)).toBeGreaterThanOrEqual(490);
  });

  test('leaves that as what is known before a publish', async () => {
    expect(await verificationOf(`http://127.0.0.1:${await freePort()}/`).prepare()).toBe('{"up":false}');
  });
});

describe('with nothing to go back to', () => {
  test('it is waited for ever, and said once', async () => {
    await using app = await ReloadApp.start();
    statuses(app, 503);
    const verification = verificationOf(app.url('/'), { WHERRY_VERIFY_TIMEOUT: '200ms' });
    const onTrouble = vi.fn<(detail: string) => void>();
    const verdict = verification.verify({ endless: true, onTrouble });
    await vi.waitFor(() => expect(onTrouble).toHaveBeenCalledTimes(1), 10_000);
    expect(onTrouble.mock.calls[0]?.[0]).toContain('answered 503');
    statuses(app, 200);
    expect(await verdict).toEqual({ kind: 'good' });
    expect(onTrouble).toHaveBeenCalledTimes(1);
  });

  test('a bake that fails begins again', async () => {
    await using app = await ReloadApp.start();
    statuses(app, 200, 503, 503, 503, 200);
    const verification = verificationOf(app.url('/'), { WHERRY_BAKE_TIME: '500ms' });
    const onTrouble = vi.fn<(detail: string) => void>();
    expect(await verification.verify({ endless: true, onTrouble })).toEqual({ kind: 'good' });
    expect(onTrouble.mock.calls).toEqual([[expect.stringContaining('WHERRY_BAKE_TIME')]]);
  });
});

describe('a bake', () => {
  const bake = { WHERRY_BAKE_TIME: '600ms' };

  test('lasts its time', async () => {
    await using app = await ReloadApp.start();
    const started = performance.now();
    expect(await verificationOf(app.url('/'), bake).verify()).toEqual({ kind: 'good' });
    expect(performance.now() - started).toBeGreaterThanOrEqual(600);
    expect(app.calls.length).toBeGreaterThan(1);
  });

  test('is no success while answers are bad three times in a row', async () => {
    await using app = await ReloadApp.start();
    statuses(app, 200, 503);
    const verdict = await verificationOf(app.url('/'), bake).verify();
    expect(detailOf(verdict)).toMatch(/answered 503.*it was good before.*600ms \(WHERRY_BAKE_TIME\)/);
    expect(app.calls).toHaveLength(4);
  });

  test('forgives two bad answers, and ends with a good one', async () => {
    await using app = await ReloadApp.start();
    statuses(app, 200, 503, 503, 200, 503, 503, 200);
    expect(await verificationOf(app.url('/'), bake).verify()).toEqual({ kind: 'good' });
    expect(app.calls.length).toBeGreaterThanOrEqual(7);
  });

  test('counts no answer as a bad one', async () => {
    await using app = await ReloadApp.start();
    app.next({ status: 200 }).usually({ fault: 'reset' });
    expect((await verificationOf(app.url('/'), bake).verify()).kind).toBe('bad');
  });

  test('ends when a newer set waits', async () => {
    await using app = await ReloadApp.start();
    const overtaken = new AbortController();
    const verification = verificationOf(app.url('/'), { WHERRY_BAKE_TIME: '1h' });
    const verdict = verification.verify({ overtaken: overtaken.signal });
    await vi.waitFor(() => expect(app.calls.length).toBeGreaterThan(1), 10_000);
    overtaken.abort();
    expect(await verdict).toEqual({ kind: 'overtaken' });
  });
});

describe('who asks', () => {
  const reload = (app: ReloadApp, user = '') => `http://${user}127.0.0.1:${app.port}/reload`;
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  const asked = async (app: ReloadApp, settings: Readonly<Record<string, string>>, user = '') => {
    await verificationOf(`http://${user}127.0.0.1:${app.port}/ready`, settings).verify();
    return app.calls[0]?.headers ?? {};
  };
  const credentials = {
    WHERRY_RELOAD_USERNAME: 'admin',
    WHERRY_RELOAD_PASSWORD: 'secret',
    WHERRY_RELOAD_HEADERS: 'X-Scope: a\nContent-Type: text/plain',
  };

  test('is who calls, where the same server is asked', async () => {
    await using app = await ReloadApp.start();
    const headers = await asked(app, { ...credentials, WHERRY_RELOAD_URL: reload(app) });
    expect(headers).toMatchObject({ authorization: basic('admin:secret'), 'x-scope': 'a' });
    expect(headers).not.toHaveProperty('content-type');
  });

  test('is the user of the reload URL, where that has one', async () => {
    await using app = await ReloadApp.start();
    const headers = await asked(app, { WHERRY_RELOAD_URL: reload(app, 'me:p%40ss@') });
    expect(headers.authorization).toBe(basic('me:p@ss'));
  });

  test('is the user of the verify URL before all', async () => {
    await using app = await ReloadApp.start();
    const headers = await asked(app, { ...credentials, WHERRY_RELOAD_URL: reload(app) }, 'it:self@');
    expect(headers.authorization).toBe(basic('it:self'));
  });

  test('is nobody elsewhere', async () => {
    await using app = await ReloadApp.start();
    await using other = await ReloadApp.start();
    const headers = await asked(app, { ...credentials, WHERRY_RELOAD_URL: reload(other) });
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('x-scope');
  });

  test('shows no secret', async () => {
    await using app = await ReloadApp.start();
    app.usually((request, response) => {
      const { authorization = '' } = request.headers;
      const decoded = Buffer.from(authorization.replace('Basic ', ''), 'base64');
      response.writeHead(500).end(`${authorization} ${decoded} ${request.url}`);
    });
    const url = `http://me:hunter22@127.0.0.1:${app.port}/ready?token=qwertz`;
    const verification = verificationOf(url, { WHERRY_VERIFY_TIMEOUT: '100ms' });
    const shown = detailOf(await verification.verify());
    expect(shown).toContain('answered 500');
    for (const secret of ['hunter22', 'qwertz', basic('me:hunter22')]) expect(shown).not.toContain(secret);
  });

  test.skipIf(!hasOpenssl)('trusts the CA of the call at its origin, and says so elsewhere', async () => {
    const { ca, key, cert } = await createCertificates('DNS:localhost');
    await using app = await ReloadApp.start({ tls: { key, cert } });
    const url = app.url('/', 'localhost');
    const settings = { WHERRY_RELOAD_CA: ca, WHERRY_VERIFY_TIMEOUT: '200ms' };
    const same = { ...settings, WHERRY_RELOAD_URL: String(app.url('/reload', 'localhost')) };
    expect(await verificationOf(url, same).verify()).toEqual({ kind: 'good' });
    const other = { ...settings, WHERRY_RELOAD_URL: 'https://elsewhere/' };
    expect(detailOf(await verificationOf(url, other).verify())).toContain('NODE_EXTRA_CA_CERTS');
  });
});

test('loopback is asked directly, whatever proxy is set', async () => {
  await using app = await ReloadApp.start();
  await using proxy = await ReloadApp.start();
  const settings = settingsOf({ WHERRY_VERIFY_URL: `http://localhost:${app.port}/` });
  const verification = createVerification(settings, { HTTP_PROXY: String(proxy.url('')) });
  const options = { before: undefined, endless: false, onTrouble: () => undefined };
  expect(await verification?.verify(options, never, never)).toEqual({ kind: 'good' });
  expect(proxy.calls).toHaveLength(0);
});
