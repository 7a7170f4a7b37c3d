import type { RelativePath } from '../../snapshot/entry.ts';
import { parsePath } from '../../snapshot/path-rules.ts';

/** An entry's name without `./` before it and the `/` after a directory's. */
export interface EntryName {
  /** For globs, and to tell names apart; empty for the root itself. */
  readonly text: string;
  /** Throws `RefusedError` unless it is a path that can be in a set. */
  toPath(): RelativePath;
}

export function entryName(raw: Buffer): EntryName {
  let start = 0;
  while (raw[start] === 0x2e && raw[start + 1] === 0x2f) start += 2;
  let end = raw.byteLength;
  while (end > start + 1 && raw[end - 1] === 0x2f) end -= 1;
  const bytes = raw.subarray(start, end);
  const text = bytes.toString('utf8');
  if (text === '.') return { text: '', toPath: () => parsePath('.') };
  return { text, toPath: () => parsePath(text.includes('\ufffd') ? bytes : text) };
}
