import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { failureOf, failuresOf, soon } from '../../support/calls.ts';
import { GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { GitSshServer, hasSshd, newKey } from '../../support/git-ssh-server.ts';
import { take } from '../../support/taking.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

async function served() {
  const repository = await GitRepository.create();
  const commit = await repository.commit({ 'a.txt': 'one' });
  const server = await GitSshServer.start();
  const settings = { SSH_KEY: server.key, SSH_KNOWN_HOSTS: server.knownHosts };
  return { repository, commit, server, settings, address: `${server.url}${repository.path}` };
}

describe.skipIf(!hasSshd)('over SSH', () => {
  test('key and known host let in', async () => {
    const { repository, commit, settings, address } = await served();
    await using git = await gitSource(address, { settings });
    expect(await git.source.probe(undefined, soon())).toEqual({ kind: 'moved', revision: commit });
    expect((await take(git.source)).texts).toEqual({ 'a.txt': 'one' });
    const next = await repository.commit({ 'a.txt': 'two' });
    expect(await git.source.probe(commit as never, soon())).toEqual({ kind: 'moved', revision: next });
  });

  test('the address may be of the form user@host:path', async () => {
    const { commit, server, settings, repository } = await served();
    const { hostname, port, username } = new URL(server.url);
    const alias = await temporaryDirectory();
    // Such an address has no port: ssh gets it from a wrapper on the path.
    await writeFile(join(alias, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -p ${port} "$@"\n`);
    await chmod(join(alias, 'ssh'), 0o755);
    const env = { PATH: `${alias}:${process.env['PATH']}` };
    await using git = await gitSource(`${username}@${hostname}:${repository.path}`, { settings, env });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
  });

  test('another host key is denied', async () => {
    const { server, settings, address } = await served();
    const directory = await temporaryDirectory();
    await newKey(join(directory, 'other'));
    const other = (await readFile(join(directory, 'other.pub'), 'utf8')).split(' ', 2).join(' ');
    const knownHosts = `${server.knownHosts.split(' ', 1)[0]} ${other}\n`;
    await using git = await gitSource(address, { settings: { ...settings, SSH_KNOWN_HOSTS: knownHosts } });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('denied');
      expect(failure.message).toMatch(/^WHERRY_GIT_SSH_KNOWN_HOSTS: /);
    }
  });

  test('an unknown host is denied', async () => {
    const { settings, address } = await served();
    const knownHosts =
      'elsewhere ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJhZGJhZGJhZGJhZGJhZGJhZGJhZGJhZGJhZGJhZGJhZGJh';
    await using git = await gitSource(address, { settings: { ...settings, SSH_KNOWN_HOSTS: knownHosts } });
    expect((await failureOf(git.source.probe(undefined, soon()))).message).toMatch(
      /^WHERRY_GIT_SSH_KNOWN_HOSTS: /,
    );
  });

  test('accept-new remembers the host, and refuses another one later', async () => {
    const { server, settings, address, commit } = await served();
    const accepting = { SSH_KEY: settings.SSH_KEY, SSH_HOST_KEY_CHECK: 'accept-new' };
    const stateDir = await temporaryDirectory();
    {
      await using git = await gitSource(address, { settings: accepting, stateDir });
      expect((await take(git.source)).snapshot.revision).toBe(commit);
    }
    const remembered = join(stateDir, 'git', 'ssh', 'known_hosts');
    expect(await readFile(remembered, 'utf8')).toContain(server.knownHosts.split(' ', 1)[0]);
    const directory = await temporaryDirectory();
    await newKey(join(directory, 'other'));
    const other = (await readFile(join(directory, 'other.pub'), 'utf8')).split(' ', 2).join(' ');
    await writeFile(remembered, `${server.knownHosts.split(' ', 1)[0]} ${other}\n`);
    await using git = await gitSource(address, { settings: accepting, stateDir });
    expect((await failureOf(git.source.probe(undefined, soon()))).message).toMatch(
      /^WHERRY_GIT_SSH_KNOWN_HOSTS: /,
    );
  });

  test('off takes any host, and warns once', async () => {
    const { commit, settings, address } = await served();
    const careless = { SSH_KEY: settings.SSH_KEY, SSH_HOST_KEY_CHECK: 'off' };
    await using git = await gitSource(address, { settings: careless });
    expect((await take(git.source)).snapshot.revision).toBe(commit);
    await take(git.source);
    expect(git.log.of('warn').map(({ message }) => message)).toEqual([
      expect.stringMatching(/^WHERRY_GIT_SSH_HOST_KEY_CHECK is off/),
    ]);
  });

  test('another key is denied', async () => {
    const { settings, address } = await served();
    const key = await newKey(join(await temporaryDirectory(), 'other'));
    await using git = await gitSource(address, { settings: { ...settings, SSH_KEY: key } });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('denied');
      expect(failure.message).toMatch(/^WHERRY_GIT_SSH_KEY: .* refused the key/);
    }
  });

  test('no key at all is denied', async () => {
    const { settings, address } = await served();
    await using git = await gitSource(address, { settings: { SSH_KNOWN_HOSTS: settings.SSH_KNOWN_HOSTS } });
    expect((await failureOf(git.source.probe(undefined, soon()))).message).toMatch(/^WHERRY_GIT_SSH_KEY: /);
  });

  test('text that is no key is denied', async () => {
    const { settings, address } = await served();
    await using git = await gitSource(address, {
      settings: {
        ...settings,
        SSH_KEY: '-----BEGIN OPENSSH PRIVATE KEY-----\nbm8=\n-----END OPENSSH PRIVATE KEY-----',
      },
    });
    expect((await failureOf(git.source.probe(undefined, soon()))).message).toMatch(/^WHERRY_GIT_SSH_KEY: /);
  });

  test('a repository that is not there is missing', async () => {
    const { settings, address } = await served();
    await using git = await gitSource(`${address}-nope`, { settings });
    const calls = [git.source.probe(undefined, soon()), git.source.snapshot(soon())];
    for (const failure of await failuresOf(calls)) {
      expect(failure.kind).toBe('missing');
    }
  });

  test('a refused connection is unreachable', async () => {
    const { settings } = await served();
    await using git = await gitSource('ssh://me@127.0.0.1:1/repo.git', { settings });
    const failure = await failureOf(git.source.probe(undefined, soon()));
    expect(failure.kind).toBe('unreachable');
    expect(failure.message).toMatch(/connection refused/);
  });

  test('the key is on no disk and in no argument', async () => {
    const { settings, address } = await served();
    const spy = await temporaryDirectory();
    // Says what it was called with, and what the key file was, then does the work.
    const script = [
      '#!/bin/sh',
      `printf '%s\\n' "$@" > ${spy}/arguments`,
      `env > ${spy}/environment`,
      `for word in "$@"; do case $word in IdentityFile=*) readlink "\${word#*=}" > ${spy}/file;; esac; done`,
      'exec /usr/bin/ssh "$@"',
      '',
    ];
    await writeFile(join(spy, 'ssh'), script.join('\n'));
    await chmod(join(spy, 'ssh'), 0o755);
    const env = { PATH: `${spy}:${process.env['PATH']}`, WHERRY_GIT_SSH_KEY: settings.SSH_KEY };
    await using git = await gitSource(address, { settings, env });
    await git.source.probe(undefined, soon());
    expect(await readFile(join(spy, 'file'), 'utf8')).toMatch(/^\/dev\/shm\/.* \(deleted\)\n$/);
    const secret = settings.SSH_KEY.split('\n')[2] ?? '';
    expect(secret.length).toBeGreaterThan(20);
    expect(await readFile(join(spy, 'arguments'), 'utf8')).not.toContain(secret);
    const environment = await readFile(join(spy, 'environment'), 'utf8');
    expect(environment).not.toContain(secret);
    expect(environment).not.toContain('WHERRY_');
  });

  test('an ssh that hangs is killed with the attempt', async () => {
    const { settings, address } = await served();
    const hanging = await temporaryDirectory();
    const pids = join(hanging, 'pids');
    await mkdir(pids);
    await writeFile(join(hanging, 'ssh'), `#!/bin/sh\nsleep 600 &\ntouch ${pids}/$$ ${pids}/$!\nwait\n`);
    await chmod(join(hanging, 'ssh'), 0o755);
    const env = { PATH: `${hanging}:${process.env['PATH']}` };
    await using git = await gitSource(address, { settings, env });
    const { readdir } = await import('node:fs/promises');
    for (const call of ['probe', 'snapshot'] as const) {
      const abort = new AbortController();
      const running =
        call === 'probe' ? git.source.probe(undefined, abort.signal) : git.source.snapshot(abort.signal);
      running.catch(() => undefined);
      const before = call === 'probe' ? 0 : 2;
      await expect.poll(() => readdir(pids)).toHaveLength(before + 2);
      const since = performance.now();
      abort.abort();
      await expect(running).rejects.toBe(abort.signal.reason);
      expect(performance.now() - since).toBeLessThan(1000);
      for (const pid of await readdir(pids)) await expect.poll(() => isAlive(Number(pid))).toBe(false);
    }
  });
});

/** A zombie that nobody has waited for yet does no harm. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX');
  return !/^State:\t[XZ]/m.test(status);
}
