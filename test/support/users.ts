import { execFile } from 'node:child_process';
import { chmod, chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDirectory } from './temporary.ts';

const exec = promisify(execFile);

/** Somebody as whom a program is run; no such user need be known to the system. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary ones: a pod's fsGroup is one. */
  readonly groups?: readonly number[];
  /** Octal. */
  readonly umask?: string;
}

/** What becomes a program of that user, without any capability. */
export function asUser({ uid, gid, groups = [], umask = '022' }: User): readonly string[] {
  const all = groups.length === 0 ? ['--clear-groups'] : [`--groups=${groups.join()}`];
  const none = ['--bounding-set=-all', '--inh-caps=-all'];
  return [
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, ...all, ...none],
    ...['sh', '-c', `umask ${umask} && exec "$@"`, 'sh'],
  ];
}

/** Whether this process may run programs as others, and those reach Node and the program. */
export const mayBecomeOthers =
  process.getuid?.() === 0 &&
  (await runAs({ uid: 12345, gid: 12345 }, process.execPath, '--version').then(
    () => true,
    () => false,
  ));

/** Runs a program as somebody, and gives back what it wrote. */
export async function runAs(user: User, ...command: readonly string[]): Promise<string> {
  const [file = '', ...rest] = [...asUser(user), ...command];
  return (await exec(file, rest)).stdout;
}

/** The root of a volume as a pod gets it. */
export async function volumeOf({
  uid,
  gid,
  mode,
}: {
  uid: number;
  gid: number;
  mode: number;
}): Promise<string> {
  const directory = await temporaryDirectory();
  await chown(directory, uid, gid);
  await chmod(directory, mode);
  return directory;
}

export interface Found {
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
}

/** Every file and directory of a tree, the root as `.`; links are left out, they have no rights of their own. */
export async function rightsIn(root: string, below = '.'): Promise<readonly Found[]> {
  const found: Found[] = [await rightsOf(root, below)];
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const path = below === '.' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) found.push(...(await rightsIn(root, path)));
    else if (entry.isFile()) found.push(await rightsOf(root, path));
  }
  return found;
}

async function rightsOf(root: string, path: string): Promise<Found> {
  const stat = await lstat(join(root, path));
  const { mode, uid, gid } = stat;
  const kind = stat.isDirectory() ? 'directory' : 'file';
  return { path, kind, mode: (mode & 0o7777).toString(8), uid, gid };
}
