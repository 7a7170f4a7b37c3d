import { ArchiveFault } from '../fault.ts';

/** What an extended header puts in the place of the next header's fields. */
export interface Overrides {
  readonly name?: Buffer;
  readonly linkName?: Buffer;
  readonly size?: number;
}

/**
 * Reads `<length> <key>=<value>\n` records. A damaged one is a fault, not the end: without it, the entry would come
 * out under another name.
 */
export function decodePax(content: Buffer): Overrides {
  let overrides: Overrides = {};
  for (const { key, value } of records(content)) {
    if (key.startsWith('GNU.sparse.')) throw sparse();
    // An empty value takes back what was said before.
    if (value.byteLength === 0) continue;
    if (key === 'path') overrides = { ...overrides, name: value };
    if (key === 'linkpath') overrides = { ...overrides, linkName: value };
    if (key === 'size') overrides = { ...overrides, size: sizeOf(value) };
  }
  return overrides;
}

export function sparse(): ArchiveFault {
  return new ArchiveFault('holds a sparse file', { cure: 'make it without --sparse' });
}

function* records(content: Buffer): Generator<{ readonly key: string; readonly value: Buffer }, void, void> {
  for (let at = 0; at < content.byteLength; ) {
    const space = content.indexOf(0x20, at);
    const digits = space === -1 ? '' : content.toString('latin1', at, space);
    const end = at + (/^\d{1,10}$/.test(digits) ? Number(digits) : 0);
    const equals = content.indexOf(0x3d, space);
    if (end <= space || end > content.byteLength || content[end - 1] !== 0x0a) throw damaged();
    if (equals === -1 || equals >= end) throw damaged();
    yield { key: content.toString('utf8', space + 1, equals), value: content.subarray(equals + 1, end - 1) };
    at = end;
  }
}

function sizeOf(value: Buffer): number {
  const digits = value.toString('latin1');
  const size = /^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw damaged();
  return size;
}

function damaged(): ArchiveFault {
  return new ArchiveFault('has a damaged extended header');
}
