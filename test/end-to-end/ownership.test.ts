import { chmod, chown, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { generationNames, readSet } from '../support/engine-bench.ts';
import { type Ended, startThrough, type Wherry } from '../support/program.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { asUser, mayBecomeOthers, rightsIn, runAs, type User, volumeOf } from '../support/users.ts';

const plain: User = { uid: 12345, gid: 12345 };
/** Of a pod with an fsGroup; its containers have users of their own. */
const member: User = { uid: 23456, gid: 23456, groups: [7777] };
const root: User = { uid: 0, gid: 0 };

const first = { 'app.yaml': '1', 'conf.d/a.conf': 'a', 'conf.d/deep/b.conf': 'b'.repeat(200_000) };
const second = { ...first, 'app.yaml': '2', 'new/c.conf': 'c' };

/** A directory as the source, which anybody may read. */
async function sourceOf(files: Record<string, string>) {
  const directory = await temporaryDirectory();
  await chmod(directory, 0o755);
  const set = async (content: Record<string, string>) => {
    for (const [path, text] of Object.entries(content)) {
      await mkdir(join(directory, path, '..'), { recursive: true });
      await writeFile(join(directory, path), text);
    }
  };
  await set(files);
  await writeFile(join(directory, 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
  return { directory, set };
}

async function world(user: User, target: string, more: Record<string, string> = {}) {
  const source = await sourceOf(first);
  const settings = {
    WHERRY_SOURCE: 'dir',
    WHERRY_DIR_PATH: source.directory,
    WHERRY_TARGET: target,
    WHERRY_POLL_INTERVAL: '200ms',
    WHERRY_RETAIN: '0',
    WHERRY_INIT_TIMEOUT: '10s',
    ...more,
  };
  return {
    source,
    init: (): Promise<Ended> => startThrough(asUser(user), ['init'], settings).ended,
    check: (): Promise<Ended> => startThrough(asUser(user), ['check'], settings).ended,
    status: (): Promise<Ended> => startThrough(asUser(user), ['status'], settings).ended,
    start: (extra: Record<string, string> = {}): Wherry =>
      startThrough(asUser(user), ['run'], { ...settings, ...extra }),
    current: async () => join(target, await readlink(join(target, '..data'))),
  };
}

const whole = (set: Record<string, string>) => ({ ...set, 'run.sh': '#!/bin/sh\n' });

describe.skipIf(!mayBecomeOthers)('as any user', () => {
  test.each([
    ['root', root, '755', '0640', '0750'],
    ['root without a umask', { ...root, umask: '000' }, '755', '0600', '0700'],
    ['a user that the system does not know', plain, '700', '0644', '0755'],
    ['a user with a umask that takes everything', { ...plain, umask: '777' }, '700', '0664', '0775'],
    ['a user with a umask that leaves everything', { ...plain, umask: '000' }, '755', '0440', '0550'],
  ])('%s publishes files and directories of exactly the wanted modes', async (_, user, mode, file, dir) => {
    const target = await volumeOf({ ...user, mode: Number.parseInt(mode, 8) });
    const all = await world(user, target, { WHERRY_FILE_MODE: file, WHERRY_DIR_MODE: dir });
    expect(await all.init()).toMatchObject({ code: 0 });
    await all.source.set(second);
    expect(await all.init()).toMatchObject({ code: 0 });
    expect(await readSet(target)).toEqual(whole(second));
    const found = await rightsIn(await all.current());
    const executable = (Number.parseInt(file, 8) | ((Number.parseInt(file, 8) & 0o444) >> 2)).toString(8);
    expect(found.filter(({ kind }) => kind === 'directory').map((one) => one.mode)).toEqual(
      found.filter(({ kind }) => kind === 'directory').map(() => dir.slice(1)),
    );
    for (const one of found.filter(({ kind }) => kind === 'file'))
      expect(one.mode, one.path).toBe(one.path === 'run.sh' ? executable : file.slice(1));
    expect(found.every(({ uid, gid }) => uid === user.uid && gid === user.gid)).toBe(true);
    expect(await rightsIn(join(target, '..wherry'))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ path: '.', mode: '700' }),
        expect.objectContaining({ path: 'state.json', mode: '600' }),
      ]),
    );
  });

  test('a publish by renames goes on where a killed one left directories that nobody may write into', async () => {
    const target = await volumeOf({ ...plain, mode: 0o700 });
    const all = await world(plain, target, { WHERRY_PUBLISH: 'rename', WHERRY_DIR_MODE: '0555' });
    expect(await all.init()).toMatchObject({ code: 0 });
    const workshop = join(target, '..wherry/generations');
    const stage = join(workshop, await readlink(join(workshop, 'current')));
    // Their files went to directories that were there before, one by one.
    const left = [join(stage, 'conf.d'), join(stage, 'conf.d/deep')];
    for (const path of left) await mkdir(path);
    for (const path of left.toReversed()) {
      await chown(path, plain.uid, plain.gid);
      await chmod(path, 0o555);
    }
    await all.source.set({ 'conf.d/a.conf': 'new', 'conf.d/deep/b.conf': 'new' });
    expect(await all.init()).toMatchObject({ code: 0 });
    expect(await readFile(join(target, 'conf.d/a.conf'), 'utf8')).toBe('new');
    expect(await readFile(join(target, 'conf.d/deep/b.conf'), 'utf8')).toBe('new');
  });

  test.each([
    ['symlink', '0644'],
    ['rename', '0444'],
  ])(
    'what others put where Wherry may not remove it waits in %s mode, and all else comes back',
    async (publish, file) => {
      const target = await volumeOf({ ...plain, mode: 0o700 });
      const modes = { WHERRY_PUBLISH: publish, WHERRY_FILE_MODE: file, WHERRY_LOG_LEVEL: 'debug' };
      const all = await world(plain, target, modes);
      const wherry = all.start();
      await wherry.says('published');
      const set = publish === 'rename' ? target : await all.current();
      // The check after the start is over then.
      await setTimeout(1500);
      await rm(join(set, 'conf.d/deep'), { recursive: true });
      await mkdir(join(set, 'conf.d/deep/b.conf'), { recursive: true, mode: 0o755 });
      await writeFile(join(set, 'conf.d/deep/b.conf/theirs'), 'theirs');
      await writeFile(join(set, 'app.yaml'), 'edited');
      await writeFile(join(set, 'run.sh'), 'edited');
      await expect.poll(() => readFile(join(set, 'app.yaml'), 'utf8')).toBe('1');
      await expect.poll(() => readFile(join(set, 'run.sh'), 'utf8')).toBe('#!/bin/sh\n');
      const tries = () =>
        wherry.log.filter(({ message }) => message.startsWith('not put back yet: WHERRY_TARGET'));
      await expect.poll(() => tries().length).toBeGreaterThanOrEqual(3);
      await rm(join(set, 'conf.d/deep'), { recursive: true });
      await expect
        .poll(() => readFile(join(set, 'conf.d/deep/b.conf'), 'utf8'))
        .toBe(first['conf.d/deep/b.conf']);
      const put = () => wherry.log.filter(({ message }) => message.startsWith('put back'));
      const paths = () => put().flatMap(({ paths: some }) => some);
      await expect.poll(paths).toEqual(['app.yaml', 'run.sh', 'conf.d/deep/b.conf']);
    },
  );

  test('a directory that the set leaves to a foreign file can be written into when the set comes back', async () => {
    const target = await volumeOf({ ...plain, mode: 0o700 });
    const all = await world(plain, target, { WHERRY_PUBLISH: 'rename', WHERRY_DIR_MODE: '0555' });
    expect(await all.init()).toMatchObject({ code: 0 });
    await writeFile(join(target, 'conf.d/mine'), 'mine');
    await rm(join(all.source.directory, 'conf.d'), { recursive: true });
    expect(await all.init()).toMatchObject({ code: 0 });
    expect(await readdir(join(target, 'conf.d'))).toEqual(['mine']);
    await all.source.set(first);
    expect(await all.init()).toMatchObject({ code: 0 });
    expect(await readFile(join(target, 'conf.d/a.conf'), 'utf8')).toBe('a');
    expect(await readFile(join(target, 'conf.d/mine'), 'utf8')).toBe('mine');
  });

  test('a directory of others that Wherry may not look into stays in the place of a visible link', async () => {
    const target = await volumeOf({ ...plain, mode: 0o700 });
    const all = await world(plain, target);
    expect(await all.init()).toMatchObject({ code: 0 });
    const place = join(target, 'conf.d');
    await rm(place);
    await mkdir(place, { mode: 0o700 });
    await writeFile(join(place, 'theirs'), 'theirs');
    await all.source.set(second);
    const { code, stderr } = await all.init();
    expect([code, stderr]).toEqual([7, expect.stringContaining(`${place} is in the way`)]);
    expect(await readFile(join(place, 'theirs'), 'utf8')).toBe('theirs');
  });

  test('with an fsGroup everything belongs to the group, which reads it, and nobody else does', async () => {
    const user: User = { ...plain, groups: [7777], umask: '077' };
    const target = await volumeOf({ uid: 0, gid: 7777, mode: 0o2775 });
    const all = await world(user, target, { WHERRY_FILE_MODE: '0640', WHERRY_DIR_MODE: '0550' });
    expect(await all.init()).toMatchObject({ code: 0 });
    await all.source.set(second);
    expect(await all.init()).toMatchObject({ code: 0 });
    for (const { path, kind, mode, gid } of await rightsIn(await all.current())) {
      expect(gid, path).toBe(7777);
      expect(mode, path).toBe(kind === 'directory' ? '2550' : path === 'run.sh' ? '750' : '640');
    }
    expect(await runAs(member, 'cat', join(target, 'app.yaml'))).toBe('2');
    expect(await runAs(member, 'cat', join(target, 'new/c.conf'))).toBe('c');
    await expect(runAs({ uid: 34567, gid: 34567 }, 'cat', join(target, 'app.yaml'))).rejects.toThrow(
      'Permission denied',
    );
    await expect(runAs(member, 'ls', join(target, '..wherry'))).rejects.toThrow('Permission denied');
  });

  test('a sidecar goes on with what one of another user of the same fsGroup published', async () => {
    const target = await volumeOf({ uid: 0, gid: 7777, mode: 0o2775 });
    const modes = { WHERRY_FILE_MODE: '0660', WHERRY_DIR_MODE: '0770' };
    const before = await world({ ...plain, groups: [7777] }, target, modes);
    expect(await before.init()).toMatchObject({ code: 0 });
    // As the kubelet does it for a volume with an fsGroup when it is mounted for the next pod.
    await chmod(join(target, '..wherry'), 0o2770);
    for (const name of await readdir(join(target, '..wherry')))
      await chmod(join(target, '..wherry', name), 0o660);
    await chown(join(target, '..wherry'), -1, 7777);
    const after = await world(member, target, modes);
    await after.source.set(second);
    expect(await after.init()).toMatchObject({ code: 0 });
    expect(await readSet(target)).toEqual(whole(second));
    expect(await generationNames(target)).toHaveLength(1);
  });
});

test.skipIf(!mayBecomeOthers)('state of another user has one cure, whoever is asked', async () => {
  const target = await volumeOf({ ...plain, mode: 0o777 });
  expect(await (await world(plain, target)).init()).toMatchObject({ code: 0 });
  const { init, check, status } = await world(member, target);
  const said =
    /WHERRY_STATE_DIR: not permitted for user 23456.*; run as user 12345, remove it, or name another/;
  expect(await init()).toMatchObject({ code: 7, stderr: expect.stringMatching(said) });
  expect(await check()).toMatchObject({ code: 7, stdout: expect.stringMatching(said) });
  expect(await status()).toMatchObject({ code: 7, stderr: expect.stringMatching(said) });
});

describe.skipIf(!mayBecomeOthers)('generations that nobody may write into', () => {
  const closed = { WHERRY_FILE_MODE: '0444', WHERRY_DIR_MODE: '0555' };

  test('are published, replaced, rolled back, checked and removed, and their owner cannot change them', async () => {
    const target = await volumeOf({ ...plain, mode: 0o755 });
    const all = await world(plain, target, closed);
    await using app = await ReloadApp.start();
    const wherry = all.start({ WHERRY_RELOAD_URL: app.url().href, WHERRY_RETAIN: '300ms' });
    await expect.poll(() => readSet(target)).toEqual(whole(first));
    const isClosed = async () => {
      const modes = new Set((await rightsIn(await all.current())).map(({ kind, mode }) => `${kind} ${mode}`));
      expect(modes).toEqual(new Set(['directory 555', 'file 444', 'file 555']));
    };
    await isClosed();
    const generation = await all.current();
    await expect(runAs(plain, 'touch', join(generation, 'conf.d/mine'))).rejects.toThrow('Permission denied');
    await expect(runAs(plain, 'sh', '-c', `echo x > ${generation}/app.yaml`)).rejects.toThrow(
      'Permission denied',
    );
    await expect(runAs(plain, 'rm', '-f', join(generation, 'app.yaml'))).rejects.toThrow('Permission denied');

    await all.source.set(second);
    await expect.poll(() => readSet(target), { timeout: 20_000 }).toEqual(whole(second));
    await expect.poll(() => generationNames(target), { timeout: 20_000 }).toHaveLength(1);

    app.usually((_request, response) => void response.writeHead(500).end());
    await all.source.set({ 'app.yaml': 'bad' });
    await wherry.says('rolled back to the last good set', 30_000);
    expect(await readSet(target)).toEqual(whole(second));
    await isClosed();
    await expect.poll(() => generationNames(target), { timeout: 20_000 }).toHaveLength(1);

    expect(await all.check()).toMatchObject({ code: 0 });
    await wherry.kill('SIGTERM');
    expect((await readdir(target)).filter((name) => /^\.\.(check|data_tmp)/.test(name))).toEqual([]);
  });

  test('a stage that a killed run left closed goes at the next start', async () => {
    const target = await volumeOf({ ...plain, mode: 0o755 });
    const all = await world(plain, target, closed);
    expect(await all.init()).toMatchObject({ code: 0 });
    const orphan = join(target, '..2026_01_01_00_00_00.000000001');
    await runAs(
      plain,
      'sh',
      '-c',
      `mkdir -p ${orphan}/a/b && touch ${orphan}/a/b/c && chmod -R a-w ${orphan}`,
    );
    expect(await all.init()).toMatchObject({ code: 0 });
    expect(await generationNames(target)).toHaveLength(1);
    expect(await readSet(target)).toEqual(whole(first));
  });

  test('a target that Wherry makes stays open for it', async () => {
    const target = join(await volumeOf({ ...plain, mode: 0o755 }), 'deep/config');
    const all = await world(plain, target, closed);
    expect(await all.init()).toMatchObject({ code: 0 });
    await all.source.set(second);
    expect(await all.init()).toMatchObject({ code: 0 });
    expect((await stat(target)).mode & 0o777).toBe(0o755);
    expect(await readSet(target)).toEqual(whole(second));
  });
});

describe.skipIf(!mayBecomeOthers)(
  'a target that is not to be written ends init with 7, and names who, whose and what to do',
  () => {
    test('a target of another user', async () => {
      const target = await volumeOf({ uid: 4321, gid: 4322, mode: 0o755 });
      const { code, stderr } = await (await world(plain, target)).init();
      expect(code).toBe(7);
      expect(stderr.trim().split('\n').at(-1)).toMatch(
        new RegExp(
          `^wherry: WHERRY_TARGET: not permitted for user 12345, group 12345, because ${target} belongs to user 4321, group 4322, with mode 0755: EACCES \\(${target}/.*\\); give the pod's securityContext an fsGroup, or run as user 4321`,
        ),
      );
    });

    test('a target of its own without the right to write', async () => {
      const target = await volumeOf({ ...plain, mode: 0o555 });
      const { code, stderr } = await (await world(plain, target)).init();
      expect(code).toBe(7);
      expect(stderr).toContain('WHERRY_TARGET: not permitted for user 12345, group 12345: EACCES');
    });

    test('root without capabilities is nobody special', async () => {
      const target = await volumeOf({ ...plain, mode: 0o755 });
      const { code, stderr } = await (await world(root, target)).init();
      expect(code).toBe(7);
      expect(stderr).toContain(`user 0, group 0, because ${target} belongs to user 12345`);
    });

    test('a state directory of another user', async () => {
      const target = await volumeOf({ uid: 0, gid: 12345, mode: 0o2775 });
      await mkdir(join(target, '..wherry'), { mode: 0o700 });
      const { code, stderr } = await (await world(plain, target)).init();
      expect(code).toBe(7);
      expect(stderr.trim().split('\n').at(-1)).toMatch(
        /^wherry: WHERRY_STATE_DIR: not permitted for user 12345, group 12345, because .*\.\.wherry belongs to user 0, group \d+, with mode 0?2?700: EACCES .*; run as user 0, remove it, or name another directory/,
      );
      expect(await generationNames(target)).toEqual([]);
    });
  },
);
