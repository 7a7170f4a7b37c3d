import type { DecodeKey } from './key-encoding.ts';
import { PageFault } from './page-fault.ts';
import type { ETag } from './store.ts';
import type { XmlReader } from './xml.ts';

/** An object, a version, or the mark of a deletion. */
export interface Item {
  readonly key: string;
  readonly etag: ETag;
  readonly size: number;
  readonly lastModified: Date;
  readonly storageClass: string | undefined;
  readonly versionId: string | undefined;
  readonly isDeleteMarker: boolean;
}

/** An item as it is written, but for the quotes around its ETag. */
export interface RawItem {
  readonly element: string;
  key: string | undefined;
  etag: string | undefined;
  size: string | undefined;
  lastModified: string | undefined;
  storageClass: string | undefined;
  versionId: string | undefined;
}

const fields: ReadonlyMap<string, Exclude<keyof RawItem, 'element'>> = new Map([
  ['Key', 'key'],
  ['LastModified', 'lastModified'],
  ['ETag', 'etag'],
  ['Size', 'size'],
  ['StorageClass', 'storageClass'],
  ['VersionId', 'versionId'],
]);

/** Reads what is in an element that was just entered; others than these, such as the owner, are passed over. */
export function readItem(xml: XmlReader, element: string): RawItem {
  const item: RawItem = {
    element,
    key: undefined,
    etag: undefined,
    size: undefined,
    lastModified: undefined,
    storageClass: undefined,
    versionId: undefined,
  };
  for (let name = xml.child(); name !== undefined; name = xml.child()) {
    const field = fields.get(name);
    if (field === undefined) xml.leave();
    else {
      if (item[field] !== undefined) throw new PageFault(`it has ${name} twice in one object`);
      const text = xml.text();
      item[field] = field === 'etag' ? bareETag(text) : text;
    }
  }
  return item;
}

export function itemOf(raw: RawItem, decode: DecodeKey): Item {
  if (raw.key === undefined || raw.key === '') throw new PageFault('it has an object without a key');
  const key = decode(raw.key);
  const isDeleteMarker = raw.element === 'DeleteMarker';
  const lastModified = timeOf(raw.lastModified ?? '');
  if (lastModified === undefined) throw incomplete(key, 'time');
  const etag = (raw.etag ?? '') as ETag;
  if (etag === '' && !isDeleteMarker) throw incomplete(key, 'ETag');
  const size = sizeOf(raw.size ?? (isDeleteMarker ? '0' : ''));
  if (size === undefined) throw incomplete(key, 'size');
  const { storageClass = '', versionId } = raw;
  return {
    key,
    etag,
    size,
    lastModified,
    storageClass: storageClass === 'STANDARD' || storageClass === '' ? undefined : storageClass,
    versionId,
    isDeleteMarker,
  };
}

/** The last one: a writer puts many objects in the same second, and to read a time is dear. */
let known: { readonly text: string; readonly time: Date } | undefined;

function timeOf(text: string): Date | undefined {
  if (known?.text === text) return known.time;
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return undefined;
  known = { text, time };
  return time;
}

function sizeOf(text: string): number | undefined {
  const size = Number(text);
  // What else `Number` reads (1e3, 0x1) is not how sizes are written.
  return size >= 0 && Number.isSafeInteger(size) && String(size) === text ? size : undefined;
}

function incomplete(key: string, what: string): PageFault {
  return new PageFault(`it has no ${what} of the key ${JSON.stringify(key)}`);
}

function bareETag(written: string): string {
  const tag = written.startsWith('W/') ? written.slice(2) : written;
  const isQuoted = tag.length >= 2 && tag.startsWith('"') && tag.endsWith('"');
  return isQuoted ? tag.slice(1, -1) : tag;
}
