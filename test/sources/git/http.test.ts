import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failureOf, failuresOf, soon } from '../../support/calls.ts';
import { basic, type Fault, type GitHttpOptions, GitHttpServer } from '../../support/git-http-server.ts';
import { GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { take } from '../../support/taking.ts';

async function served(options: Omit<GitHttpOptions, 'root'> = {}) {
  const repository = await GitRepository.create();
  const commit = await repository.commit({ 'a.txt': 'one' });
  const server = await GitHttpServer.start({ root: dirname(repository.path), ...options });
  return { repository, commit, server, address: `${server.url}/repo.git` };
}

describe('an idle poll', () => {
  test('is one request on a kept connection, and no child process', async () => {
    const { commit, server, address } = await served();
    await using git = await gitSource(address);
    await git.source.probe(undefined, soon());
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
    server.requests.length = 0;
    for (let poll = 0; poll < 5; poll++) {
      expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    }
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array(5).fill('POST /repo.git/git-upload-pack'),
    );
    expect(server.connections).toBe(1);
  });

  test('asks only for the refs that matter', async () => {
    const { repository, commit, server, address } = await served();
    for (let index = 0; index < 20; index++) await repository.updateRef(`refs/heads/other-${index}`, commit);
    await using git = await gitSource(address, { settings: { REF: 'main' } });
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    expect(server.requests).toHaveLength(2);
  });

  test('tries again when the server has closed the kept connection', async () => {
    const { commit, server, address } = await served();
    await using git = await gitSource(address);
    await git.source.probe(undefined, soon());
    for (let round = 0; round < 5; round++) {
      server.dropConnections();
      expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    }
  });

  test('finds the repository again behind a new server', async () => {
    const { commit, server, address } = await served();
    await using git = await gitSource(address);
    await git.source.probe(undefined, soon());
    let posts = 0;
    server.fault = ({ method }) => {
      posts += method === 'POST' ? 1 : 0;
      return method === 'POST' && posts === 1 ? { status: 400 } : undefined;
    };
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    expect(posts).toBe(2);
  });
});

describe('credentials', () => {
  const password = 's3cret-p@ss:word';

  test('of the settings are sent as basic authentication', async () => {
    const { commit, address } = await served({ authorization: basic('me', password) });
    await using git = await gitSource(address, { settings: { USERNAME: 'me', PASSWORD: password } });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
  });

  test('inside the URL are sent, and never shown', async () => {
    const { commit, server, address } = await served({ authorization: basic('me', password) });
    const withUser = address.replace('//', `//me:${encodeURIComponent(password)}@`);
    await using git = await gitSource(withUser);
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(git.source.description).toBe(`${address} HEAD`);
    server.authorization = 'Basic other';
    const failure = await failureOf(git.source.probe(undefined, soon()));
    expect(failure.kind).toBe('denied');
    expect(failure.message).toMatch(/^WHERRY_GIT_REPO: .* refused the credentials \(HTTP 401\)/);
    expect(failure.message).not.toContain('s3cret');
  });

  test('may be a token alone', async () => {
    const { commit, address } = await served({ authorization: 'Bearer tok-123' });
    await using git = await gitSource(address, { settings: { TOKEN: 'tok-123' } });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
  });

  test('that would be two headers are denied, and not sent', async () => {
    const { server, address } = await served();
    await using git = await gitSource(address, { settings: { TOKEN: 'tok\nX-Evil: yes' } });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('denied');
      expect(failure.message).toMatch(/^WHERRY_GIT_TOKEN: /);
    }
    expect(server.requests).toEqual([]);
  });

  test('that are wrong are denied, and the setting is named', async () => {
    const { address } = await served({ authorization: 'Bearer right' });
    await using git = await gitSource(address, { settings: { TOKEN: 'wrong' } });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('denied');
      expect(failure.message).toMatch(/^WHERRY_GIT_TOKEN: .*HTTP 401/);
      expect(failure.message).not.toContain('wrong');
    }
  });

  test('that are missing are asked for', async () => {
    const { address } = await served({ authorization: 'Bearer right' });
    await using git = await gitSource(address);
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('denied');
      expect(failure.message).toMatch(/wants credentials .* set WHERRY_GIT_TOKEN, or WHERRY_GIT_USERNAME/);
    }
  });

  test('are in no argument and on no disk while git runs', async () => {
    const { server, address } = await served({ authorization: basic('me', password) });
    await using git = await gitSource(address, { settings: { USERNAME: 'me', PASSWORD: password } });
    const { readdir, readFile } = await import('node:fs/promises');
    const { join } = await import('node:path');
    const leaks: string[] = [];
    const secrets = [password, Buffer.from(`me:${password}`).toString('base64')];
    const look = async () => {
      for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
        const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
        if (secrets.some((secret) => line.includes(secret))) leaks.push(line);
      }
      for (const name of await readdir(git.stateDir, { recursive: true })) {
        const text = await readFile(join(git.stateDir, name), 'latin1').catch(() => '');
        if (secrets.some((secret) => text.includes(secret))) leaks.push(name);
      }
    };
    const looks: Promise<void>[] = [];
    server.fault = () => {
      looks.push(look());
      return undefined;
    };
    await take(git.source);
    await Promise.all(looks);
    await look();
    expect(looks.length).toBeGreaterThan(1);
    expect(leaks).toEqual([]);
  });

  test('go to no other place that the server redirects to', async () => {
    const elsewhere = await served();
    const { server, address } = await served({ authorization: 'Bearer tok' });
    server.fault = ({ path }) => ({ status: 302, headers: { Location: `${elsewhere.server.url}${path}` } });
    await using git = await gitSource(address, { settings: { TOKEN: 'tok' } });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('denied');
      expect(failure.message).toMatch(
        /^WHERRY_GIT_REPO: .* redirects to http:\/\/localhost:\d+\/repo\.git, and/,
      );
    }
    expect(elsewhere.server.requests).toEqual([]);
  });

  test('as cookies are sent by git', async () => {
    const { repository, commit, address } = await served({ cookie: 'o=git-me' });
    const jar = 'localhost\tFALSE\t/\tFALSE\t2147483647\to\tgit-me';
    await using git = await gitSource(address, { settings: { COOKIES: jar } });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    const next = await repository.commit({ 'a.txt': 'two' });
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'moved', revision: next });
  });
});

describe('a redirect', () => {
  test('within the server is followed and remembered, with credentials too', async () => {
    const { commit, server, address } = await served({ authorization: 'Bearer tok' });
    server.fault = ({ path }) =>
      path.startsWith('/old/')
        ? { status: 301, headers: { Location: path.replace('/old/', '/') } }
        : undefined;
    await using git = await gitSource(address.replace('/repo.git', '/old/repo.git'), {
      settings: { TOKEN: 'tok' },
    });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    server.requests.length = 0;
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'unchanged' });
    expect(server.requests.map(({ path }) => path)).toEqual(['/repo.git/git-upload-pack']);
  });

  test('to another server is followed by those who have nothing to hide', async () => {
    const elsewhere = await served();
    const { server, address } = await served();
    server.fault = ({ path }) => ({ status: 302, headers: { Location: `${elsewhere.server.url}${path}` } });
    await using git = await gitSource(address);
    expect((await take(git.source)).snapshot.revision).toBe(elsewhere.commit);
    expect(await git.source.probe(elsewhere.commit as never, soon())).toEqual({ kind: 'unchanged' });
  });

  test('to a login page means that credentials are wanted', async () => {
    const { server, address } = await served();
    server.fault = () => ({ status: 302, headers: { Location: '/users/sign_in' } });
    await using git = await gitSource(address);
    expect((await failureOf(git.source.probe(undefined, soon()))).kind).toBe('denied');
  });

  test('without end is given up', async () => {
    const { server, address } = await served();
    server.fault = ({ path }) => ({ status: 302, headers: { Location: path } });
    await using git = await gitSource(address);
    expect((await failureOf(git.source.snapshot(soon()))).kind).toBe('unreachable');
  });
});

describe('what the server answers decides what is told', () => {
  const cases: readonly (readonly [string, Fault, string, RegExp])[] = [
    ['401', { status: 401 }, 'denied', /^WHERRY_GIT_TOKEN: .*HTTP 401/],
    ['403', { status: 403 }, 'denied', /^WHERRY_GIT_TOKEN: .*HTTP 403/],
    [
      '404',
      { status: 404 },
      'missing',
      /^WHERRY_GIT_REPO: .*HTTP 404.*without credentials a private repository/,
    ],
    ['500', { status: 500 }, 'unreachable', /HTTP 500/],
    ['503', { status: 503 }, 'unreachable', /HTTP 503/],
    ['429', { status: 429 }, 'unreachable', /HTTP 429/],
    ['a reset', 'reset', 'unreachable', /could not be reached/],
    [
      'a web page',
      { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html>hello</html>' },
      'unreachable',
      /is not a Git server: it answered with text\/html/,
    ],
    [
      'nonsense of the right type',
      {
        status: 200,
        headers: { 'Content-Type': 'application/x-git-upload-pack-advertisement' },
        body: 'zzzz',
      },
      'unreachable',
      /is not a Git server/,
    ],
    [
      'an answer that is cut short',
      {
        status: 200,
        headers: { 'Content-Type': 'application/x-git-upload-pack-advertisement' },
        body: '001e# ser',
      },
      'unreachable',
      /is not a Git server/,
    ],
  ];
  test.each(cases)('%s', async (_, fault, kind, message) => {
    const { commit, server, address } = await served();
    await using git = await gitSource(address);
    server.fault = () => fault;
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe(kind);
      expect(failure.message).toMatch(message);
      expect(failure.message).not.toContain('\n');
    }
    server.fault = () => undefined;
    expect((await take(git.source)).snapshot.revision).toBe(commit);
  });

  test('a reset of an authenticated fetch is no proof of wrong credentials', async () => {
    const { server, address } = await served({ authorization: 'Bearer tok' });
    await using git = await gitSource(address, { settings: { TOKEN: 'tok' } });
    // The probe is let through, git's own requests are reset.
    server.fault = ({ headers }) => (headers['user-agent'] === 'git/wherry' ? undefined : 'reset');
    const failure = await failureOf(git.source.snapshot(soon()));
    expect(failure.kind).toBe('unreachable');
  });

  test('a pack that is cut short is unreachable, and leaves nothing behind', async () => {
    const { repository, server, address } = await served();
    const { randomBytes } = await import('node:crypto');
    await repository.commit({ 'big.bin': randomBytes(3_000_000) });
    await using git = await gitSource(address);
    server.fault = ({ method, headers }) =>
      method === 'POST' && headers['user-agent'] !== 'git/wherry' ? { truncateAfter: 500_000 } : undefined;
    expect((await failureOf(git.source.snapshot(soon()))).kind).toBe('unreachable');
    const { readdir } = await import('node:fs/promises');
    expect(await readdir(`${git.stateDir}/git`)).toEqual(['config']);
    server.fault = () => undefined;
    expect(Object.keys((await take(git.source)).texts)).toEqual(['big.bin']);
  });

  test('a server that is not there is unreachable', async () => {
    const { server, address } = await served();
    await server.stop();
    await using git = await gitSource(address);
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('unreachable');
      expect(failure.message).toMatch(/the connection was refused/);
    }
  });

  test('a host that has no address is unreachable', async () => {
    await using git = await gitSource('https://no-such-host.invalid/repo.git');
    const failure = await failureOf(git.source.probe(undefined, soon()));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toMatch(/host name cannot be resolved/);
  });
});

describe('an aborted call', () => {
  test('ends at once when the server stalls', async () => {
    const { server, address } = await served();
    server.fault = () => 'stall';
    for (const call of ['probe', 'snapshot'] as const) {
      await using git = await gitSource(address);
      const abort = new AbortController();
      const reason = new Error('time is up');
      const started = server.requests.length;
      const running =
        call === 'probe' ? git.source.probe(undefined, abort.signal) : git.source.snapshot(abort.signal);
      running.catch(() => undefined);
      await expect.poll(() => server.requests.length).toBeGreaterThan(started);
      const since = performance.now();
      abort.abort(reason);
      await expect(running).rejects.toBe(reason);
      expect(performance.now() - since).toBeLessThan(1000);
      await expect.poll(() => gitProcesses(git.stateDir)).toEqual([]);
    }
  });

  test('can be followed by one that works', async () => {
    const { commit, server, address } = await served();
    await using git = await gitSource(address);
    server.fault = () => 'stall';
    const abort = new AbortController();
    const running = git.source.snapshot(abort.signal);
    running.catch(() => undefined);
    await expect.poll(() => server.requests.length).toBeGreaterThan(0);
    abort.abort();
    await expect(running).rejects.toBe(abort.signal.reason);
    server.fault = () => undefined;
    expect((await take(git.source)).snapshot.revision).toBe(commit);
  });
});

/** Processes that work below a state directory. */
async function gitProcesses(stateDir: string): Promise<string[]> {
  const { readdir, readFile } = await import('node:fs/promises');
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const environments = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')),
  );
  return environments.filter((environment) => environment.includes(`GIT_CONFIG_GLOBAL=${stateDir}`));
}
