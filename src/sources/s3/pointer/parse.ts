import { apiVersion, type Named, type Release, releaseKind } from './document.ts';
import { type DocumentName, JsonPlace } from './json-place.ts';
import { isKeyPrefix, isObjectKey } from './plain-text.ts';

/** Reads the document of a release. What is not wholly understood is refused, fields of later versions apart. */
export function parseRelease(text: string, document: DocumentName): Release {
  const root = JsonPlace.parse(text, document);
  root.field('apiVersion').text(quoted(apiVersion), (value) => value === apiVersion);
  root.field('kind').text(quoted(releaseKind), (value) => value === releaseKind);
  return {
    rev: root.field('rev').text(revExpected, isRev),
    createdAt: root.field('createdAt').text('a time such as 2026-11-22T23:59:59Z', isTime),
    message: root.optional('message')?.text(),
    previous: root.optional('previous')?.text(revExpected, isRev),
    releases: root.optional('releases')?.text('a prefix that ends in /', isKeyPrefix),
    content: parseContent(root),
  };
}

/** How a release may be called: a name that can stand in a key, and in a revision. */
const revExpected = 'a name of letters, digits and . _ : + - that starts with a letter or digit';

export function isRev(text: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._:+-]{0,199}$/.test(text);
}

const contents = ['files', 'archive', 'manifest'] as const;

function parseContent(root: JsonPlace): Release['content'] {
  const [kind, ...more] = contents.filter((name) => root.optional(name) !== undefined);
  if (kind === undefined || more.length > 0) {
    throw root.unlike(`an object with exactly one of ${contents.map(quoted).join(', ')}`);
  }
  const place = root.field(kind);
  switch (kind) {
    case 'files':
      return { kind, files: place.items().map(parseNamed) };
    case 'archive': {
      const versionId = place.optional('versionId')?.text('a version id', (id) => /^[\x21-\x7e]+$/.test(id));
      return { kind, key: keyAt(place), sha256: sumAt(place), size: place.field('size').size(), versionId };
    }
    case 'manifest':
      return { kind, key: keyAt(place), sha256: sumAt(place) };
  }
}

function parseNamed(place: JsonPlace): Named {
  const path = place.field('path').text();
  const link = place.optional('link');
  if (link !== undefined) {
    return { kind: 'link', path, target: link.text('the target of a symbolic link', (text) => text !== '') };
  }
  const mode = place.field('mode').text('"0644" or "0755"', (text) => text === '0644' || text === '0755');
  return {
    kind: 'file',
    path,
    key: keyAt(place),
    sha256: sumAt(place),
    size: place.field('size').size(),
    executable: mode === '0755',
  };
}

function keyAt(place: JsonPlace): string {
  return place.field('key').text('the key of an object', isObjectKey);
}

function sumAt(place: JsonPlace): string {
  return place
    .field('sha256')
    .text('64 lower-case hexadecimal digits', (text) => /^[0-9a-f]{64}$/.test(text));
}

/** With its zone; to the second at least. */
function isTime(text: string): boolean {
  const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
  return form.test(text) && !Number.isNaN(Date.parse(text));
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
