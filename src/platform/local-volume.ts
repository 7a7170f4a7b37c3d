import { statfs } from 'node:fs/promises';

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
 * Whether a directory can be asked at once, without a thread of the pool, which costs ten times as much: the kernel answers,
 * and no file server and no other process, for which the whole program would wait. False where nobody knows.
 */
export async function isLocalVolume(directory: string): Promise<boolean> {
  return statfs(directory).then(
    ({ type }) => local.has(type),
    () => false,
  );
}
