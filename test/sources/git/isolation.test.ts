import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DamageError } from '../../../src/sources/git/damage.ts';
import { GitError, runGit, runGitAtOnce } from '../../../src/sources/git/git-command.ts';
import { secretFile } from '../../../src/sources/git/secret-file.ts';
import { soon } from '../../support/calls.ts';
import { GitHttpServer } from '../../support/git-http-server.ts';
import { GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { take } from '../../support/taking.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** A directory for the path in which a `git` notes its environment and arguments before it works. */
async function spyingGit() {
  const directory = await temporaryDirectory();
  const notes = join(directory, 'notes');
  await mkdir(notes);
  const script = [
    '#!/bin/sh',
    `note=${notes}/$$`,
    'tr "\\0" "\\n" < /proc/self/environ > "$note.environment"',
    'printf "%s\\n" "$@" > "$note.arguments"',
    `PATH='${process.env['PATH']}'`,
    'exec git "$@"',
    '',
  ];
  await writeFile(join(directory, 'git'), script.join('\n'));
  await chmod(join(directory, 'git'), 0o755);
  const read = async (kind: string) => {
    const names = (await readdir(notes)).filter((name) => name.endsWith(kind));
    return Promise.all(names.map((name) => readFile(join(notes, name), 'utf8')));
  };
  return { path: `${directory}:${process.env['PATH']}`, read };
}

describe('git', () => {
  test('reads neither the user’s nor the system’s configuration, nor runs hooks', async () => {
    const home = await temporaryDirectory();
    const trace = join(home, 'ran');
    await mkdir(join(home, 'hooks'));
    const evil = `#!/bin/sh\necho "$0" >> ${trace}\n`;
    for (const name of [
      'hooks/reference-transaction',
      'hooks/post-checkout',
      'ssh',
      'askpass',
      'helper',
      'pack',
    ]) {
      await writeFile(join(home, name), evil, { mode: 0o755 });
    }
    const configuration = [
      `[core]\n\thooksPath = ${home}/hooks\n\tfsmonitor = ${home}/helper\n\taskPass = ${home}/askpass`,
      `[credential]\n\thelper = ${home}/helper`,
      `[uploadpack]\n\tpackObjectsHook = ${home}/pack`,
      '[url "file:///nowhere/"]\n\tinsteadOf = file:///\n\tinsteadOf = /',
      '[http]\n\tproxy = http://127.0.0.1:1',
    ].join('\n');
    await writeFile(join(home, '.gitconfig'), configuration);
    const repository = await GitRepository.create();
    await repository.commit({ a: 'A' });
    const server = await GitHttpServer.start({ root: dirname(repository.path) });
    const env = {
      HOME: home,
      XDG_CONFIG_HOME: home,
      GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
      GIT_CONFIG_SYSTEM: join(home, '.gitconfig'),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.hooksPath',
      GIT_CONFIG_VALUE_0: join(home, 'hooks'),
      GIT_DIR: '/nowhere',
      GIT_SSH_COMMAND: join(home, 'ssh'),
      GIT_ASKPASS: join(home, 'askpass'),
      GIT_EXEC_PATH: home,
    };
    for (const address of [repository.path, `${server.url}/repo.git`]) {
      await using git = await gitSource(address, { env });
      expect((await take(git.source)).texts).toEqual({ a: 'A' });
    }
    await expect(readFile(trace)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('gets no settings of this program, and only what it needs of the environment', async () => {
    const { path, read } = await spyingGit();
    const repository = await GitRepository.create();
    await repository.commit({ a: 'A' });
    const env = {
      PATH: path,
      WHERRY_GIT_TOKEN: 'tok',
      AWS_SECRET_ACCESS_KEY: 'x',
      HOME: '/root',
      LANG: 'de_DE',
    };
    await using git = await gitSource(repository.path, { env, settings: { REF: 'main' } });
    await take(git.source);
    const environments = await read('environment');
    expect(environments.length).toBeGreaterThan(1);
    for (const text of environments) {
      const names = text.split('\n').map((line) => line.split('=', 1)[0]);
      expect(names.filter((name) => /^(WHERRY|AWS|HOME|LANG)/.test(name ?? ''))).toEqual([]);
      expect(text).toContain('LC_ALL=C\n');
      expect(text).toContain('GIT_TERMINAL_PROMPT=0\n');
    }
  });

  test('is started as seldom as can be for a first snapshot', async () => {
    const { path, read } = await spyingGit();
    const repository = await GitRepository.create();
    await repository.commit({ a: 'A', 'dir/b': 'B', link: { link: 'a' } });
    const server = await GitHttpServer.start({ root: dirname(repository.path) });
    await using git = await gitSource(`${server.url}/repo.git`, { env: { PATH: path } });
    await take(git.source);
    const commands = (await read('arguments')).map((text) => text.split('\n')[0]);
    expect(commands.toSorted()).toEqual(['cat-file', 'fetch']);
  });

  test('says nothing of its environment when debugging is asked for', async () => {
    const directory = await temporaryDirectory();
    const program = join(directory, 'program.ts');
    const module = new URL('../../../src/sources/git/git-command.ts', import.meta.url).pathname;
    await writeFile(
      program,
      `import { runGit } from ${JSON.stringify(module)};
       const env = { PATH: process.env.PATH, GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'a.b', GIT_CONFIG_VALUE_0: 'hush' };
       console.log(await runGit({ args: ['version'], cwd: '/', env, signal: AbortSignal.timeout(20000) }));`,
    );
    const { runGroup } = await import('../../../src/platform/process-group.ts');
    const { stdout, stderr, code } = await runGroup(process.execPath, [program], {
      env: { PATH: process.env['PATH'], DEBUG: '*' },
      signal: soon(),
      maxOutput: 100_000,
    });
    expect(code).toBe(0);
    expect(stdout.toString()).toMatch(/^git version/);
    expect(stderr).not.toContain('hush');
  });
});

describe.each([
  ['git by simple-git', runGit],
  ['git at once', runGitAtOnce],
] as const)('%s', (_, run) => {
  test('that hangs is killed with all its children', async () => {
    const directory = await temporaryDirectory();
    const script = `#!/bin/sh\nsleep 600 &\necho $! > ${directory}/child.tmp\nmv ${directory}/child.tmp ${directory}/child\nsetsid sleep 2 &\nwait\n`;
    await writeFile(join(directory, 'git'), script, { mode: 0o755 });
    const abort = new AbortController();
    const env = { PATH: `${directory}:${process.env['PATH']}` };
    const running = run({ args: ['fetch'], cwd: directory, env, signal: abort.signal });
    running.catch(() => undefined);
    await expect.poll(() => readFile(join(directory, 'child'), 'utf8').catch(() => '')).not.toBe('');
    const pid = (await readFile(join(directory, 'child'), 'utf8')).trim();
    const since = performance.now();
    abort.abort();
    await expect(running).rejects.toBe(abort.signal.reason);
    expect(performance.now() - since).toBeLessThan(1000);
    const state = () => readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX');
    await expect.poll(state).toMatch(/^State:\t[XZ]/m);
  });

  test('that fails tells what it said', async () => {
    const running = run({
      args: ['fetch', '/no/such/repository'],
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      signal: soon(),
    });
    const error = await running.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GitError);
    expect(error).toMatchObject({ code: 128, message: expect.stringMatching(/^git fetch: fatal: /) });
  });

  test('that is not there is told of', async () => {
    const empty = await temporaryDirectory();
    const running = run({ args: ['fetch'], cwd: '/', env: { PATH: empty }, signal: soon() });
    await expect(running).rejects.toMatchObject({ stderr: expect.stringMatching(/spawn git ENOENT/) });
  });

  test('that is given up before it begins is not started', async () => {
    const running = run({ args: ['fetch'], cwd: '/', env: {}, signal: AbortSignal.abort('enough') });
    await expect(running).rejects.toBe('enough');
  });
});

test('a clone that was removed before git starts in it is damaged; git is not missing', async () => {
  const cwd = join(await temporaryDirectory(), 'removed');
  const env = { PATH: process.env['PATH'] ?? '' };
  const running = runGitAtOnce({ args: ['fetch'], cwd, env, signal: soon() });
  await expect(running).rejects.toBeInstanceOf(DamageError);
});

describe('a secret file', () => {
  test('has no name, and can be read while it lasts', async () => {
    const directory = await temporaryDirectory();
    const before = await readdir('/dev/shm');
    const file = await secretFile('secret', directory);
    expect(await readFile(file.path, 'utf8')).toBe('secret\n');
    expect(await readFile(file.path, 'utf8')).toBe('secret\n');
    expect(await readdir(directory)).toEqual([]);
    expect((await readdir('/dev/shm')).filter((name) => name.startsWith('.wherry'))).toEqual(
      before.filter((name) => name.startsWith('.wherry')),
    );
    await file[Symbol.asyncDispose]();
    await expect(readFile(file.path)).rejects.toThrow();
  });
});
