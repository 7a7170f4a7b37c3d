import { describe, expect, onTestFinished, test } from 'vitest';
import { type S3Server, startS3Server, type Written } from '../../../src/commands/demo/s3-server.ts';
import { signedRequest } from '../../support/sigv4.ts';

const writer = { accessKeyId: 'writer', secretAccessKey: 'writes', mayWrite: true };
const reader = { accessKeyId: 'reader', secretAccessKey: 'reads', mayWrite: false };

async function start(onWrite: (written: Written) => void = () => undefined): Promise<S3Server> {
  const server = await startS3Server({ bucket: 'demo', keys: [writer, reader], onWrite });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

interface Asked {
  readonly method?: string;
  readonly key?: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly by?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

function ask(server: S3Server, asked: Asked = {}): Promise<Response> {
  const { method = 'GET', key = 'a', query = [], body = '', headers = {}, by = writer } = asked;
  const { host } = new URL(server.url);
  const path = `/demo/${key}`;
  const signed = signedRequest({ method, host, path, query, body, ...by });
  return fetch(`${server.url}${signed.target}`, {
    method,
    headers: { ...signed.headers, ...headers },
    ...(method === 'PUT' ? { body } : {}),
  });
}

function put(server: S3Server, body: string, asked: Asked = {}): Promise<Response> {
  return ask(server, { method: 'PUT', body, ...asked });
}

describe('the S3 server of the demo', () => {
  test('keeps what is put, and answers 304 to who has it', async () => {
    const written: string[] = [];
    const server = await start(({ key }) => written.push(key));
    const etag = (await put(server, 'hello')).headers.get('etag') ?? '';
    const found = await ask(server);
    expect([found.status, await found.text(), found.headers.get('etag')]).toEqual([200, 'hello', etag]);
    expect(Date.parse(found.headers.get('last-modified') ?? '')).not.toBeNaN();
    const again = await ask(server, { by: reader, headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const head = await ask(server, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '5']);
    expect(written).toEqual(['a']);
    expect([...server.answered('writer')]).toEqual([[200, 3]]);
    expect([...server.answered('reader')]).toEqual([[304, 1]]);
  });

  test.each([
    ['another secret', { by: { ...writer, secretAccessKey: 'guessed' } }, 403, 'SignatureDoesNotMatch'],
    ['an unknown key', { by: { ...writer, accessKeyId: 'nobody' } }, 403, 'InvalidAccessKeyId'],
    ['no signature', { headers: { authorization: '' } }, 403, 'AccessDenied'],
    ['a header that had to be signed', { headers: { 'x-amz-acl': 'public' } }, 403, 'AccessDenied'],
    ['a write with a key that may only read', { method: 'PUT', by: reader }, 403, 'AccessDenied'],
    ['a key that is not there', { key: 'b' }, 404, 'NoSuchKey'],
    ['a sub-resource', { query: [['acl', '']] }, 501, 'NotImplemented'],
    ['a deletion', { method: 'DELETE' }, 501, 'NotImplemented'],
  ] as const)('refuses %s', async (_, asked, status, code) => {
    const server = await start();
    await put(server, 'hello');
    const answer = await ask(server, asked);
    expect(await answer.text()).toContain(`<Code>${code}</Code>`);
    expect(answer.status).toBe(status);
    expect(await (await ask(server)).text()).toBe('hello');
  });

  test('refuses a body that is not the signed one', async () => {
    const server = await start();
    const { host } = new URL(server.url);
    const signed = signedRequest({ method: 'PUT', host, path: '/demo/a', query: [], body: 'one', ...writer });
    const answer = await fetch(`${server.url}/demo/a`, {
      method: 'PUT',
      headers: signed.headers,
      body: 'two',
    });
    expect([answer.status, (await ask(server)).status]).toEqual([400, 404]);
  });

  test('writes on a condition only while it holds', async () => {
    const server = await start();
    const isNew = { headers: { 'if-none-match': '*' } };
    expect((await put(server, 'one', { headers: { 'if-match': '"x"' } })).status).toBe(404);
    const etag = (await put(server, 'one', isNew)).headers.get('etag') ?? '';
    expect((await put(server, 'two', isNew)).status).toBe(412);
    expect((await put(server, 'two', { headers: { 'if-match': etag } })).status).toBe(200);
    expect((await put(server, 'three', { headers: { 'if-match': etag } })).status).toBe(412);
    expect((await ask(server, { headers: { 'if-match': etag } })).status).toBe(412);
    expect(await (await ask(server)).text()).toBe('two');
  });

  test('lists below a prefix, by the bytes of the keys, page by page', async () => {
    const server = await start();
    for (const key of ['p/b c', 'p/a&', 'q', 'p/é']) await put(server, key, { key });
    const listing = [
      ['list-type', '2'],
      ['prefix', 'p/'],
      ['max-keys', '2'],
    ] as const;
    const first = await (await ask(server, { key: '', query: listing })).text();
    expect(first).toContain('<IsTruncated>true</IsTruncated>');
    expect(keysIn(first)).toEqual(['p/a&#38;', 'p/b c']);
    const token = /<NextContinuationToken>(.+)<\//.exec(first)?.[1] ?? '';
    const query = [...listing, ['continuation-token', token], ['encoding-type', 'url']] as const;
    const last = await (await ask(server, { key: '', query })).text();
    expect(last).toContain('<IsTruncated>false</IsTruncated>');
    expect(keysIn(last)).toEqual(['p%2F%C3%A9']);
  });
});

function keysIn(listing: string): readonly string[] {
  return [...listing.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key = '']) => key);
}
