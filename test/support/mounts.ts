import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { temporaryDirectory } from './temporary.ts';

/** Debian's `bindfs` (and `fuse3` below it): a file system in user space that shows another directory. */
export const hasBindfs = succeeds('bindfs', ['--version']) && mayMount();

/** Whether the tests may mount an image of a file system. */
export const hasImages = succeeds('mkfs.ext4', ['-V']) && mayMount();

/** A directory, and a view of it in which nobody hears of what is written on the other side. */
export interface Eventless {
  /** The other side. */
  readonly behind: string;
  readonly path: string;
  /** The server goes: what is asked of the view then fails with ENOTCONN. */
  breakOff(): Promise<void>;
  mountAgain(): Promise<void>;
}

export async function eventlessDirectory(): Promise<Eventless> {
  const behind = await temporaryDirectory();
  const path = await temporaryDirectory();
  const options = ['-f', '-o', 'attr_timeout=0,entry_timeout=0'];
  let server: ChildProcess | undefined;
  const mount = async () => {
    server = spawn('bindfs', [...options, behind, path], { stdio: 'ignore' });
    await expect.poll(() => isMounted(path), { timeout: 20_000 }).toBe(true);
  };
  const breakOff = async () => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  onTestFinished(async () => {
    await breakOff();
    spawnSync('umount', ['-l', path]);
  });
  await mount();
  return {
    behind,
    path,
    breakOff,
    mountAgain: async () => {
      must('umount', ['-l', path]);
      await mount();
    },
  };
}

/** A directory on a file system that counts time in whole seconds. */
export async function coarseDirectory(): Promise<string> {
  const place = await temporaryDirectory();
  const image = join(place, 'image');
  const path = join(place, 'mount');
  await writeFile(image, '');
  await truncate(image, 4 * 1024 * 1024);
  // Inodes of the least size have no room for parts of a second.
  must('mkfs.ext4', ['-q', '-I', '128', '-O', '^has_journal', image]);
  await mkdir(path);
  must('mount', ['-o', 'loop', image, path]);
  onTestFinished(() => void spawnSync('umount', ['-l', path]));
  const files = join(path, 'files');
  await mkdir(files);
  return files;
}

async function isMounted(path: string): Promise<boolean> {
  return (await readFile('/proc/self/mounts', 'utf8')).includes(` ${path} `);
}

function mayMount(): boolean {
  return succeeds('unshare', ['--mount', 'true']);
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function must(command: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}
