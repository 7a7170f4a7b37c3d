import {
  type Dirent,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  type Stats,
  statSync,
} from 'node:fs';
import { lstat, readdir, readFile, readlink, stat, statfs } from 'node:fs/promises';
import { systemCode } from '../failure/failure.ts';

type Answer<T> = T | undefined | Promise<T | undefined>;

/** How files are asked for that may not be there; then the answer is undefined. */
export interface VolumeFiles {
  lstat(path: string): Answer<Stats>;
  stat(path: string): Answer<Stats>;
  /** Undefined also for what is no link. */
  readlink(path: string): Answer<string>;
  text(path: string): Answer<string>;
  /** Undefined also for what is no directory. */
  entries(path: string): Answer<readonly Dirent[]>;
}

/** An error for what is not there would cost more than the question. */
const quietly = { throwIfNoEntry: false } as const;
const typed = { withFileTypes: true } as const;

const atOnce: VolumeFiles = {
  lstat: (path) => unlessAbsent(() => lstatSync(path, quietly)),
  stat: (path) => unlessAbsent(() => statSync(path, quietly)),
  readlink: (path) => unlessAbsent(() => readlinkSync(path)),
  text: (path) =>
    unlessAbsent(() => (statSync(path, quietly)?.isFile() === true ? readFileSync(path, 'utf8') : undefined)),
  entries: (path) => unlessAbsent(() => readdirSync(path, typed)),
};

/** Whatever keeps an answer keeps a thread, and not the process. */
export const byThread: VolumeFiles = {
  lstat: (path) => lstat(path).catch(ignoreAbsent),
  stat: (path) => stat(path).catch(ignoreAbsent),
  readlink: (path) => readlink(path).catch(ignoreAbsent),
  text: (path) => readFile(path, 'utf8').catch(ignoreAbsent),
  entries: (path) => readdir(path, typed).catch(ignoreAbsent),
};

/** `f_type` of file systems of this machine's own disks and memory; from `linux/magic.h`, ZFS from its own sources. */
const local: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // XFS
  0x9123683e, // Btrfs
  0xf2f52010, // F2FS
  0x2fc12fc1, // ZFS
  0x01021994, // tmpfs
]);

/**
 * The way to ask for files of this directory: at once where the kernel answers, and no file server and no other process, for
 * which the whole program would wait. A thread for each question costs ten times as much, at each poll.
 */
export async function filesIn(directory: string): Promise<VolumeFiles> {
  return statfs(directory).then(
    ({ type }) => (local.has(type) ? atOnce : byThread),
    () => byThread,
  );
}

function unlessAbsent<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    return ignoreAbsent(error);
  }
}

function ignoreAbsent(error: unknown): undefined {
  if (!['ENOENT', 'ENOTDIR', 'EISDIR', 'EINVAL'].includes(systemCode(error) ?? '')) throw error;
}
