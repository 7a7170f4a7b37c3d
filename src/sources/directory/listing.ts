import { createHash } from 'node:crypto';
import type { LinkEntry, RelativePath } from '../../snapshot/entry.ts';

/** A file as `lstat` tells of it. What is written anew or replaced has other times or another inode. */
export interface FoundFile {
  readonly kind: 'file';
  readonly path: RelativePath;
  readonly size: number;
  readonly executable: boolean;
  /** Inode, size and times. */
  readonly mark: string;
  /** Milliseconds since 1970 at which content, name or mode last changed. */
  readonly changedAt: number;
  /** The times tell whole seconds only, so that a second change may leave no trace of its own. */
  readonly isCoarse: boolean;
}

export type Found = FoundFile | (LinkEntry & Pick<FoundFile, 'changedAt' | 'isCoarse'>);

/** Characters that are hashed at once: a call for each file would cost more than the hashing. */
const piece = 65_536;

/** Names what was found, without a look at any content: equal digests, nothing was written. 32 hexadecimal digits. */
export function digestOf(found: readonly Found[]): string {
  const hash = createHash('sha256');
  let text = '';
  for (const entry of found) {
    const state = entry.kind === 'file' ? [entry.mark, entry.executable] : [entry.target];
    text += `${JSON.stringify([entry.path, ...state])}\n`;
    if (text.length < piece) continue;
    hash.update(text);
    text = '';
  }
  return hash.update(text).digest('hex').slice(0, 32);
}
