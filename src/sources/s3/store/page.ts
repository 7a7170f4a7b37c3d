import { type Item, itemOf, type RawItem, readItem } from './item.ts';
import { decoderOf } from './key-encoding.ts';
import { PageFault } from './page-fault.ts';
import { readUsualItems } from './usual-item.ts';
import { XmlReader } from './xml.ts';

/** One page of a listing, of objects or of versions; its keys are decoded. */
export interface Page {
  readonly items: readonly Item[];
  readonly isTruncated: boolean;
  /** One of the page's own fields as it stands. */
  field(name: PageField): string | undefined;
  /** One of them that is a key. */
  key(name: PageField): string | undefined;
}

const pageFields = [
  'Name',
  'EncodingType',
  'IsTruncated',
  'KeyCount',
  'NextContinuationToken',
  'Marker',
  'NextMarker',
  'NextKeyMarker',
  'NextVersionIdMarker',
] as const;

export type PageField = (typeof pageFields)[number];

const isPageField: ReadonlySet<string> = new Set(pageFields);

/** Reads a page whose outermost element is this one, and whose items are the elements of those names. */
export function readPage(document: Uint8Array, root: string, items: ReadonlySet<string>): Page {
  const xml = new XmlReader(document);
  const found = xml.root();
  if (found !== root) throw foreign(found, xml);
  const fields = new Map<string, string>();
  const raw: RawItem[] = [];
  for (;;) {
    if (items.has('Contents')) readUsualItems(xml, raw);
    const name = xml.child();
    if (name === undefined) break;
    if (items.has(name)) raw.push(readItem(xml, name));
    else if (isPageField.has(name)) {
      if (fields.has(name)) throw new PageFault(`it has ${name} twice`);
      fields.set(name, xml.text());
    } else if (name === 'CommonPrefixes') throw new PageFault('it groups keys, which it was not asked to');
    else xml.leave();
  }
  xml.end();
  // How the keys are encoded may be said behind them.
  const decode = decoderOf(fields.get('EncodingType'));
  return {
    items: raw.map((item) => itemOf(item, decode)),
    isTruncated: isTruncated(fields.get('IsTruncated')),
    field: (name) => fields.get(name),
    key: (name) => {
      const written = fields.get(name);
      return written === undefined ? undefined : decode(written);
    },
  };
}

function isTruncated(text: string | undefined): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  throw new PageFault('it does not say whether more follows');
}

/** What came in the place of the page. */
function foreign(root: string, xml: XmlReader): PageFault {
  if (root !== 'Error') return new PageFault(`its outermost element is <${root}>`);
  const said: string[] = [];
  for (let name = xml.child(); name !== undefined; name = xml.child()) {
    if (name === 'Code' || name === 'Message') said.push(xml.text());
    else xml.leave();
  }
  return new PageFault(`it is an error, ${said.join(': ')}`);
}
