import type * as Fs from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { DriftWatch } from '../../../src/publish/drift/watch.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { limit } = vi.hoisted(() => ({
  limit: { left: Number.POSITIVE_INFINITY, code: 'ENOSPC', opened: 0 },
}));

vi.mock('node:fs', async (load) => {
  const real = await load<typeof Fs>();
  const watch = (...args: Parameters<typeof real.watch>) => {
    if (limit.left <= 0) throw Object.assign(new Error('no more watches'), { code: limit.code });
    limit.left -= 1;
    const watcher = real.watch(...args);
    limit.opened += 1;
    return watcher;
  };
  return { ...real, watch };
});

beforeEach(() => {
  limit.left = Number.POSITIVE_INFINITY;
  limit.opened = 0;
});

async function bench() {
  const target = await temporaryDirectory();
  const root = join(target, 'generation');
  await mkdir(join(root, 'd/e'), { recursive: true });
  const paths: (string | null)[] = [];
  const names: string[] = [];
  const log = new RecordingLog();
  const events = {
    onPath: (path: string | null) => paths.push(path),
    onName: (name: string) => names.push(name),
  };
  const watch = new DriftWatch(events, log);
  onTestFinished(() => watch.close());
  const follow = (directories = ['', 'd', 'd/e']) =>
    watch.follow({ target, root, directories: new Set(directories) });
  return { target, root, paths, names, log, watch, follow };
}

test('an event names the path in the set, or the name in the target', async () => {
  const { target, root, paths, names, follow } = await bench();
  follow();
  await writeFile(join(root, 'd/e/f'), 'x');
  await expect.poll(() => paths).toContain('d/e/f');
  await writeFile(join(target, 'name'), 'x');
  await expect.poll(() => names).toContain('name');
  expect(limit.opened).toBe(4);
});

test('a directory that was made anew is watched after it is renewed', async () => {
  const { root, paths, watch, follow } = await bench();
  follow();
  await rm(join(root, 'd'), { recursive: true });
  await expect.poll(() => paths).toContain('d');
  await mkdir(join(root, 'd/e'), { recursive: true });
  watch.renew('d');
  await writeFile(join(root, 'd/e/f'), 'x');
  await expect.poll(() => paths).toContain('d/e/f');
});

test.each(['ENOSPC', 'EMFILE'])(
  '%s is said once, with its cure, and what could be watched is',
  async (code) => {
    const { root, paths, log, follow } = await bench();
    Object.assign(limit, { code, left: 2 });
    follow();
    follow();
    expect(log.of('warn')).toHaveLength(1);
    expect(log.of('warn')[0]?.fields).toMatchObject({
      code,
      cure: expect.stringContaining('fs.inotify.max_user'),
    });
    await writeFile(join(root, 'f'), 'x');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(paths.length).toBeLessThan(5);
  },
);

test('too many directories are not watched, but for the target itself, and that is said once', async () => {
  const { log, follow, target, names } = await bench();
  const many = ['', ...Array.from({ length: 1001 }, (_, index) => `d${index}`)];
  follow(many);
  follow(many);
  expect(limit.opened).toBe(1);
  expect(log.of('info').map(({ message }) => message)).toEqual([
    'too many directories to watch: what drifts in them is found by the slow check',
  ]);
  await writeFile(join(target, 'name'), 'x');
  await expect.poll(() => names).toContain('name');
});

test('what is not there cannot be watched, and is no trouble', async () => {
  const { log, follow } = await bench();
  follow(['', 'd', 'gone', 'gone/too']);
  expect(limit.opened).toBe(3);
  expect(log.lines).toEqual([]);
});
