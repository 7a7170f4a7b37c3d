import { statSync } from 'node:fs';

/** Changes whenever the file's content may have; a Secret volume swaps the inode, an editor the times. */
export function markOf(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch {
    return 'gone';
  }
}
