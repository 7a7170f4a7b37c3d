import { ArchiveFault } from './fault.ts';
import type { ArchiveFormat } from './format.ts';

/** Enough of the beginning to tell what it is: a tar's magic stands near the end of its first block. */
export const headLength = 512;

const magics = [
  ['1f8b', 'gzip data'],
  ['28b52ffd', 'zstd data'],
  ['504b0304', 'a zip archive'],
  ['504b0506', 'a zip archive'],
  ['425a68', 'bzip2 data'],
  ['fd377a585a00', 'xz data'],
  ['377abcaf271c', 'a 7z archive'],
  ['526172211a07', 'a rar archive'],
  ['7f454c46', 'a program'],
] as const;

const magicOf: Readonly<Record<Exclude<ArchiveFormat, 'tar'>, string>> = {
  'tar.gz': 'gzip data',
  'tar.zst': 'zstd data',
  zip: 'a zip archive',
};

/** The content must be what the key's ending says. A tar has no magic at its start: reading it shows. */
export function checkKind(head: Buffer, format: ArchiveFormat): void {
  if (format === 'tar.zst' && isSkippable(head)) return;
  const kind = kindOf(head);
  if (format === 'tar' ? kind !== undefined && kind !== 'a tar archive' : kind !== magicOf[format]) {
    throw notA(format === 'tar' ? 'a tar archive' : magicOf[format], kind ?? 'something unknown');
  }
}

/** A frame of zstd that holds no data; pzstd puts one before each that does. */
function isSkippable(head: Buffer): boolean {
  return head.byteLength >= 4 && head.readUInt32LE(0) >>> 4 === 0x184d2a5;
}

/** For data in a tar's place that is none. */
export function notATar(head: Buffer): ArchiveFault {
  return notA('a tar archive', kindOf(head) ?? 'something unknown');
}

function notA(expected: string, found: string): ArchiveFault {
  return new ArchiveFault(`holds ${found}, where its name says ${expected}`, {
    cure: 'upload an archive of the kind that its name says, or rename it',
  });
}

function kindOf(head: Buffer): string | undefined {
  if (head.byteLength === 0) return 'nothing: it is empty';
  if (head.toString('latin1', 257, 262) === 'ustar') return 'a tar archive';
  const hex = head.toString('hex', 0, 8);
  const known = magics.find(([magic]) => hex.startsWith(magic))?.[1];
  if (known !== undefined) return known;
  const text = head.toString('utf8').trimStart().toLowerCase();
  if (/^<(!doctype html|html|head|body)/.test(text)) return 'an HTML page';
  if (text.startsWith('<?xml') || text.startsWith('<error')) return 'an XML document';
  if (/^[[{]/.test(text) && !text.includes('\0')) return 'JSON';
  // A tar of the oldest form has NUL bytes after its first name.
  return text.includes('\0') || text.includes('\ufffd') ? undefined : 'plain text';
}
