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
    if (field === undefined) xml.skip();
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
  const lastModified = new Date(raw.lastModified ?? '');
  if (Number.isNaN(lastModified.getTime())) throw incomplete(key, 'time');
  const etag = (raw.etag ?? '') as ETag;
  if (etag === '' && !isDeleteMarker) throw incomplete(key, 'ETag');
  const size = raw.size ?? (isDeleteMarker ? '0' : '');
  if (!/^\d{1,15}$/.test(size)) throw incomplete(key, 'size');
  const { storageClass = '', versionId } = raw;
  return {
    key,
    etag,
    size: Number(size),
    lastModified,
    storageClass: storageClass === 'STANDARD' || storageClass === '' ? undefined : storageClass,
    versionId,
    isDeleteMarker,
  };
}

function incomplete(key: string, what: string): PageFault {
  return new PageFault(`it has no ${what} of the key ${JSON.stringify(key)}`);
}

function bareETag(written: string): string {
  const tag = written.startsWith('W/') ? written.slice(2) : written;
  const isQuoted = tag.length >= 2 && tag.startsWith('"') && tag.endsWith('"');
  return isQuoted ? tag.slice(1, -1) : tag;
}
