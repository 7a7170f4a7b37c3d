import yauzl, { type Entry } from 'yauzl';

const unix = 3;
const macOs = 19;
const namesAreUtf8 = 0x800;

/** Whether the program that made it ran on a system with Unix modes. */
export function isFromUnix({ versionMadeBy }: Pick<Entry, 'versionMadeBy'>): boolean {
  return [unix, macOs].includes(versionMadeBy >> 8);
}

/**
 * The name's bytes in UTF-8, if that is what they are. What is not marked is in the old code page of DOS, except that
 * Unix programs have always put their own bytes there, as `unzip` knows.
 */
export function nameOf(entry: Entry): Buffer {
  const { fileNameRaw, generalPurposeBitFlag, extraFields } = entry;
  const fromUnix = isFromUnix(entry);
  const text = yauzl.getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, true);
  const isMarked = (generalPurposeBitFlag & namesAreUtf8) !== 0;
  const hasUnicodeField = text !== yauzl.getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, [], true);
  // yauzl replaces what is not UTF-8; the raw bytes show it.
  const name = !hasUnicodeField && (isMarked || fromUnix) ? fileNameRaw : Buffer.from(text);
  return fromUnix ? name : Buffer.from(name.toString('latin1').replaceAll('\\', '/'), 'latin1');
}
