import { describe, expect, test } from 'vitest';
import { oneLine } from '../../../src/platform/one-line.ts';
import { presets } from '../../../src/presets/presets.ts';
import {
  type Call,
  classifyResponse as classify,
  classifyError,
  type Dialect,
} from '../../../src/reload/http/answer.ts';
import { CallTimeout, type Response } from '../../../src/reload/http/exchange.ts';
import { settingsOf } from '../context.ts';

function callOf(expected = '2xx', dialect: Dialect = {}): Call {
  const { reloadExpect } = settingsOf({
    WHERRY_RELOAD_EXPECT: expected,
  });
  return { method: 'POST', url: 'http://app:80/-/reload', expect: reloadExpect, timeout: 30_000, dialect };
}

function responseOf(status: number, more: Partial<Response> = {}): Response {
  return { status, reason: 'Reason', body: '', location: undefined, allow: undefined, ...more };
}

function classifyResponse(call: Call, response: Response) {
  return classify(call, response, (text) => text);
}

describe('statuses', () => {
  test.each([
    ['accepted', [200, 201, 202, 204, 226]],
    ['busy', [409, 425, 429, 503]],
    ['misconfigured', [401, 403, 404, 405, 407, 101, 300, 301, 302, 304, 307, 308]],
    ['rejected', [400, 402, 406, 408, 410, 413, 415, 418, 422, 500, 501, 502, 504, 507, 599]],
  ] as const)('%s: %j', (expected, statuses) => {
    for (const status of statuses) {
      expect(classifyResponse(callOf(), responseOf(status)).class, String(status)).toBe(expected);
    }
  });

  test('what is expected counts before everything else', () => {
    for (const status of [202, 302, 404, 500, 503]) {
      expect(classifyResponse(callOf('202,302,404,5xx'), responseOf(status)).class).toBe('accepted');
    }
    expect(classifyResponse(callOf('202'), responseOf(200)).class).toBe('misconfigured');
  });
});

describe('what is said of a response', () => {
  test.each<[string, Response, string]>([
    [
      'the body of a rejection is the message that the user needs',
      responseOf(500, { body: 'failed to reload config: not a valid duration string: "banana"' }),
      'POST http://app:80/-/reload answered 500: failed to reload config: not a valid duration string: "banana"',
    ],
    ['without a body the status line speaks', responseOf(503), 'answered 503: Reason'],
    ['without any words the status is said', responseOf(500, { reason: '' }), 'answered 500'],
    ['401 names the credentials', responseOf(401), 'WHERRY_RELOAD_USERNAME and WHERRY_RELOAD_PASSWORD'],
    [
      "403 of Prometheus keeps its words and names Prometheus's flag",
      responseOf(403, { body: 'Lifecycle API is not enabled.' }),
      'answered 403: Lifecycle API is not enabled.; start it with --web.enable-lifecycle',
    ],
    [
      '403 of others does not',
      responseOf(403, { body: 'no' }),
      'answered 403: no; allow the call in the application',
    ],
    ['404 names the URL', responseOf(404), 'the path in WHERRY_RELOAD_URL'],
    ['405 names the method', responseOf(405), 'set WHERRY_RELOAD_METHOD; it is POST now'],
    [
      '405 says what is allowed',
      responseOf(405, { allow: 'GET, PUT' }),
      'set WHERRY_RELOAD_METHOD to one of GET, PUT; it is POST now',
    ],
    [
      'a redirect says where to',
      responseOf(308, { location: 'https://app/x' }),
      'points to https://app/x, and redirects are not followed: put that in WHERRY_RELOAD_URL',
    ],
    ['304 has no place to go', responseOf(304), 'add 304 to WHERRY_RELOAD_EXPECT, which is 2xx now'],
  ])('%s', (_name, response, expected) => {
    const answer = classifyResponse(callOf(), response);
    expect('detail' in answer && answer.detail).toContain(expected);
  });

  test('an unexpected success names WHERRY_RELOAD_EXPECT', () => {
    expect(classifyResponse(callOf('202'), responseOf(200))).toEqual({
      class: 'misconfigured',
      detail:
        'POST http://app:80/-/reload answered 200: Reason; look at WHERRY_RELOAD_URL, or add 200 to WHERRY_RELOAD_EXPECT, which is 202 now',
    });
  });
});

describe('what an application says in its own way', () => {
  const fluentBit = callOf('200', presets['fluent-bit']);
  test.each<[string, Call, Response, object]>([
    [
      'Fluent Bit is busy with a reload',
      fluentBit,
      responseOf(400, { body: '{"reload":"in progress","status":-2}' }),
      { class: 'busy', detail: expect.stringContaining('"in progress"') },
    ],
    [
      'Fluent Bit has hot reload off, and answers 200',
      fluentBit,
      responseOf(200, { body: '{"reload":"not enabled","status":-1}' }),
      { class: 'misconfigured', detail: expect.stringContaining('hot_reload on') },
    ],
    [
      'Fluent Bit took the call',
      fluentBit,
      responseOf(200, { body: '{"reload":"done","status":0}' }),
      { class: 'accepted' },
    ],
    ['another 400 of it is a refusal', fluentBit, responseOf(400), { class: 'rejected' }],
    [
      'Grafana wants a server admin',
      callOf('200', presets.grafana),
      responseOf(401),
      { class: 'misconfigured', detail: expect.stringContaining('Grafana server admin') },
    ],
    [
      'Spring does not expose the endpoint',
      callOf('2xx', presets.spring),
      responseOf(404),
      { class: 'misconfigured', detail: expect.stringContaining('exposure.include=refresh') },
    ],
    [
      'a cure does not make a refusal of the set something else',
      callOf('2xx', { cures: { 500: 'restart it' } }),
      responseOf(500),
      { class: 'rejected', detail: expect.not.stringContaining('restart') },
    ],
    [
      'what means busy counts before what is expected',
      callOf('200,400', presets['fluent-bit']),
      responseOf(400, { body: 'in progress' }),
      { class: 'busy' },
    ],
  ])('%s', (_name, call, response, expected) => {
    expect(classifyResponse(call, response)).toMatchObject(expected);
  });
});

function errorOf(code: string, more: object = {}): Error {
  return Object.assign(new Error(`it failed: ${code}`), { code, ...more });
}

describe('errors', () => {
  test.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EADDRNOTAVAIL',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EPIPE',
    'HPE_INVALID_EOF_STATE',
  ])('%s: the application is not up', (code) => {
    const answer = classifyError(callOf(), errorOf(code), (text) => text);
    expect(answer).toEqual({ class: 'not-up', detail: `POST http://app:80/-/reload: it failed: ${code}` });
  });

  test.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', 'WHERRY_RELOAD_CA'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'WHERRY_RELOAD_CA'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'WHERRY_RELOAD_CA'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'WHERRY_RELOAD_CA'],
    ['CERT_HAS_EXPIRED', 'WHERRY_RELOAD_CA'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'WHERRY_RELOAD_CA'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'https:// in WHERRY_RELOAD_URL'],
    ['ERR_OSSL_PEM_BAD_BASE64_DECODE', 'WHERRY_RELOAD_CA must hold PEM'],
    ['ERR_INVALID_CHAR', 'WHERRY_RELOAD_HEADERS'],
    ['HPE_INVALID_CONSTANT', 'no HTTP answer'],
    ['ERR_PROXY_TUNNEL', 'HTTPS_PROXY'],
    ['ERR_PROXY_INVALID_CONFIG', 'HTTP_PROXY'],
  ])('%s: the call is wrong, and %s is named', (code, named) => {
    const answer = classifyError(callOf(), errorOf(code), (text) => text);
    expect(answer).toMatchObject({ class: 'misconfigured', detail: expect.stringContaining(named) });
  });

  test("a proxy's own trouble passes", () => {
    const answer = classifyError(callOf(), errorOf('ERR_PROXY_TUNNEL', { statusCode: 503 }), (text) => text);
    expect(answer.class).toBe('not-up');
  });

  test('a call that took too long names its limit', () => {
    expect(classifyError(callOf(), new CallTimeout(), (text) => text)).toEqual({
      class: 'not-up',
      detail:
        'POST http://app:80/-/reload: no whole answer within 30s (WHERRY_RELOAD_TIMEOUT); it may still be starting',
    });
  });

  test('of several addresses each is named', () => {
    const error = new AggregateError([new Error('refused 127.0.0.1'), new Error('refused ::1')]);
    expect(classifyError(callOf(), error, (text) => text)).toMatchObject({
      detail: 'POST http://app:80/-/reload: refused 127.0.0.1, refused ::1',
    });
  });

  test('secrets go from what the system says', () => {
    const answer = classifyError(callOf(), new Error('via http://u:hush@proxy'), (text) =>
      text.replace('u:hush', '***'),
    );
    expect(answer).toMatchObject({ detail: expect.not.stringContaining('hush') });
  });
});

test('texts of others become one line without control characters', () => {
  expect(oneLine('\u001b[31m red\r\n\tline\u0000two\u2028three\u202e \n')).toBe('[31m red line two three');
});
