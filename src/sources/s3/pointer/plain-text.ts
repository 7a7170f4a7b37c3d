import { archiveKey, keyPrefix, objectKey } from '../../../settings/s3-kinds.ts';
import { type DocumentName, refusedDocument } from './json-place.ts';

/** What a pointer of one line names. */
export type PlainPointer =
  /** Every object below it. */
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'archive'; readonly key: string }
  /** One file, called by the last element of its key. */
  | { readonly kind: 'object'; readonly key: string };

/** Reads `releases/42/`, `releases/42.tar.gz` or `releases/42.yaml`, with white space around it. */
export function parsePlain(text: string, document: DocumentName, pointerKey: string): PlainPointer {
  const line = text.trim();
  if (line === '')
    throw refusedDocument(document, 'is empty; it should name a key, or a prefix that ends in /');
  if (/[\r\n]/.test(line)) throw refusedDocument(document, 'has several lines, and is no JSON document');
  const isPrefix = line.endsWith('/');
  if (!(isPrefix ? isKeyPrefix(line) : isObjectKey(line))) {
    throw refusedDocument(
      document,
      `holds ${JSON.stringify(line.slice(0, 200))}, which is no key of this bucket, and no prefix that ends in /`,
    );
  }
  if (isPrefix) {
    if (pointerKey.startsWith(line)) {
      throw refusedDocument(document, `names the prefix ${JSON.stringify(line)}, in which it lies itself`);
    }
    return { kind: 'prefix', prefix: line };
  }
  if (line === pointerKey) throw refusedDocument(document, 'names itself');
  return { kind: archiveKey.parse(line) === undefined ? 'object' : 'archive', key: line };
}

/** A key, relative to the root of the bucket. */
export function isObjectKey(text: string): boolean {
  return objectKey.parse(text) !== undefined;
}

/** A prefix of keys, with its slash; never the whole bucket. */
export function isKeyPrefix(text: string): boolean {
  return text !== '/' && keyPrefix.parse(text) === text;
}
