import http from 'node:http';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { HttpClient } from '../../../src/platform/http/client.ts';
import type { HttpRequest } from '../../../src/platform/http/exchange.ts';
import { rawServer } from './raw-server.ts';

const usual = { connect: 5000, firstByte: 5000, silence: 5000 };

function client(timeouts = usual, maxFree = 2): HttpClient {
  const made = new HttpClient({ proxyEnv: {}, timeouts, maxFree });
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

function request(port: number, more: Partial<HttpRequest> = {}): HttpRequest {
  const origin = { secure: false, hostname: '127.0.0.1', port };
  return { origin, method: 'GET', path: '/a?b', headers: { host: `127.0.0.1:${port}` }, ...more };
}

const never = new AbortController().signal;

async function get(from: HttpClient, port: number, more: Partial<HttpRequest> = {}) {
  using incoming = await from.send(request(port, more), never);
  const body = await incoming.whole(1_000_000);
  return { status: incoming.status, headers: incoming.headers, body: body?.toString('latin1') };
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

describe('an answer', () => {
  test('is the same in whatever pieces it comes', async () => {
    const answer =
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nETag: "x"\r\nTransfer-Encoding: chunked\r\n\r\n' +
      '2;q\r\nok\r\n3\r\nay!\r\n0\r\nT: 1\r\n\r\n';
    let pieces: readonly string[] = [];
    const port = await rawServer(async (socket) => {
      for (const piece of pieces) {
        socket.write(piece, 'latin1');
        await setImmediate();
      }
    });
    const from = client();
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: answer.length - 1 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const ends = [...places.sort((a, b) => a - b), answer.length];
        pieces = ends.map((end, index) => answer.slice(ends[index - 1] ?? 0, end));
        const { status, headers, body } = await get(from, port);
        expect({ status, body }).toEqual({ status: 200, body: 'okay!' });
        expect({ ...headers }).toMatchObject({ a: '1, 2', etag: '"x"' });
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['without a body, by its status', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n', 304, ''],
    ['of length 0', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', 200, ''],
    ['without a reason', 'HTTP/1.1 404\r\nContent-Length: 1\r\n\r\nx', 404, 'x'],
  ])('%s leaves the connection for the next request', async (_, answer, status, body) => {
    let connections = 0;
    const port = await rawServer((socket, __, connection) => {
      connections = connection + 1;
      socket.write(answer);
    });
    const from = client();
    for (let count = 0; count < 3; count += 1) {
      expect(await get(from, port)).toMatchObject({ status, body });
    }
    expect(connections).toBe(1);
  });

  test('of a HEAD has no body, whatever its length', async () => {
    const port = await rawServer(
      (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'),
    );
    expect(await get(client(), port, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  test('may end with its connection', async () => {
    const port = await rawServer((socket) => void socket.end('HTTP/1.0 200 OK\r\n\r\nall of it'));
    expect(await get(client(), port)).toMatchObject({ status: 200, body: 'all of it' });
  });

  test('that is cut short is an error', async () => {
    const port = await rawServer(
      (socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc'),
    );
    await expect(get(client(), port)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

describe('what Node.js refuses is refused, and what it takes is taken', () => {
  const nasty: readonly (readonly [string, string])[] = [
    ['another protocol', 'SSH-2.0-OpenSSH_9\r\n\r\n'],
    ['another protocol, without an end', 'SSH-2.0-OpenSSH_9\r\n'],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nbad\r\nContent-Length: 0\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'],
    ['an empty name', 'HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    ],
    ['a control character', 'HTTP/1.1 200 OK\r\nETag: "\x01"\r\nContent-Length: 0\r\n\r\n'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n'],
    ['lines without CR', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['a null byte', 'HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a length that is no number', 'HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\na'],
    ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a size of a chunk that is no number', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxy\r\n'],
    ['a chunk that is too long', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(40_000)}`],
    ['an empty answer', ''],
    ['no colon but values', 'HTTP/1.1 200 OK\r\nA:b\r\nB:\tc \r\nContent-Length: 2\r\n\r\nok'],
    ['a byte beyond ASCII in a value', 'HTTP/1.1 200 OK\r\nA: \xe9\r\nContent-Length: 2\r\n\r\nok'],
    [
      'a chunk with leading zeros',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0002\r\nok\r\n0\r\n\r\n',
    ],
  ];
  test.each(nasty)('%s', async (_, answer) => {
    const port = await rawServer((socket) => void socket.end(answer, 'latin1'));
    const here = await get(client(), port).then(
      ({ status, body }) => `${status} ${body}`,
      () => 'refused',
    );
    expect(here).toBe(await throughNode(port));
  });
});

function throughNode(port: number): Promise<string> {
  return new Promise((resolve) => {
    const refused = () => resolve('refused');
    http
      .get({ host: '127.0.0.1', port, path: '/', agent: false }, (answer) => {
        let body = '';
        answer.setEncoding('latin1').on('data', (text: string) => {
          body += text;
        });
        answer.on('end', () => resolve(`${answer.statusCode} ${body}`)).on('error', refused);
      })
      .on('error', refused);
  });
}

describe('a kept connection', () => {
  test('that the server has closed meanwhile costs a second try, and no error', async () => {
    let connections = 0;
    const port = await rawServer((socket, number, connection) => {
      connections = connection + 1;
      // The end and the second request cross on the way.
      if (number === 0) socket.write(ok);
      else socket.resetAndDestroy();
    });
    const from = client();
    await get(from, port);
    expect(await get(from, port)).toMatchObject({ status: 200, body: 'ok' });
    expect(connections).toBe(2);
  });

  test('is not tried again when the server had begun to answer', async () => {
    const port = await rawServer(
      (socket, number) => void (number === 0 ? socket.write(ok) : socket.end('HTTP/1.1 2')),
    );
    const from = client();
    await get(from, port);
    await expect(get(from, port)).rejects.toThrow('socket hang up');
  });

  test('and only that is tried again: a new one that is closed is an error', async () => {
    let connections = 0;
    const port = await rawServer((socket, _, connection) => {
      connections = connection + 1;
      socket.destroy();
    });
    await expect(get(client(), port)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(connections).toBe(1);
  });

  test.each([
    ['closes it', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    [
      'will close it within a second',
      'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok',
    ],
    ['speaks HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['says more than it was asked for', `${ok}HTTP/1.1 200 OK\r\n\r\n`],
  ])('is not used again when the server %s', async (_, answer) => {
    let connections = 0;
    const port = await rawServer((socket, __, connection) => {
      connections = connection + 1;
      socket.write(answer);
    });
    const from = client();
    await get(from, port);
    await get(from, port);
    expect(connections).toBe(2);
  });

  test('is not used before its answer is whole', async () => {
    const port = await rawServer((socket, _, connection) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n');
      if (connection > 0) socket.write('x'.repeat(200_000));
    });
    const from = client();
    using first = await from.send(request(port), never);
    expect(first.status).toBe(200);
    expect((await get(from, port)).body).toHaveLength(200_000);
  });
});

describe('a request ends in time', () => {
  const short = { connect: 5000, firstByte: 50, silence: 50 };

  test('when no answer comes', async () => {
    const port = await rawServer(() => undefined);
    await expect(get(client(short), port)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('when its body stops', async () => {
    const port = await rawServer(
      (socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc'),
    );
    await expect(get(client(short), port)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  test.each([
    ['the answer', ''],
    ['the body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc'],
  ])('when it is aborted before %s', async (_, answer) => {
    const asked = Promise.withResolvers<void>();
    const port = await rawServer((socket) => {
      socket.write(answer);
      asked.resolve();
    });
    const abort = new AbortController();
    const call = client()
      .send(request(port), abort.signal)
      .then((incoming) => incoming.whole(100));
    await asked.promise;
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });
});

test.each([
  ['a header', { headers: { host: 'x', authorization: 'a\r\nb: c' } }],
  ['the path', { path: '/a b' }],
])('what would end a line in %s is not sent', async (_, more) => {
  await expect(get(client(), 1, more)).rejects.toThrow('Invalid character');
});

test('a body is sent whole, with its length', async () => {
  const seen = Promise.withResolvers<string>();
  const server = http.createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (bytes: Buffer) => {
      body += bytes.toString('latin1');
    });
    incoming.on('end', () => {
      seen.resolve(`${incoming.method} ${incoming.url} ${incoming.headers['content-length']} ${body}`);
      outgoing.end('done');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const body = Buffer.from('hello');
  expect(await get(client(), port, { method: 'POST', body })).toMatchObject({ status: 200, body: 'done' });
  expect(await seen.promise).toBe('POST /a?b 5 hello');
});
