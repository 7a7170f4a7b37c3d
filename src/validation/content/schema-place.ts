import { posix } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Where a schema is: in the set, by its path there, or anywhere else, by an absolute path. */
export interface SchemaPlace {
  readonly inSet: boolean;
  readonly path: string;
}

const setRoot = 'wherry://set/';

export function placeOf(schema: string): SchemaPlace {
  return posix.isAbsolute(schema)
    ? { inSet: false, path: posix.normalize(schema) }
    : { inSet: true, path: posix.normalize(schema) };
}

/** The URI that a schema without `$id` has, so that what it refers to is found beside it. */
export function uriOf({ inSet, path }: SchemaPlace): string {
  return inSet ? setRoot + path.split('/').map(encodeURIComponent).join('/') : pathToFileURL(path).href;
}

/** The place that such a URI names; undefined for all others. */
export function placeOfUri(uri: string): SchemaPlace | undefined {
  try {
    if (uri.startsWith(setRoot)) return { inSet: true, path: decodeURIComponent(uri.slice(setRoot.length)) };
    return uri.startsWith('file:') ? { inSet: false, path: fileURLToPath(uri) } : undefined;
  } catch {
    return undefined;
  }
}

/** Shows the URIs in a text as a user wrote them. */
export function withoutSetRoot(text: string): string {
  return text.replaceAll(setRoot, '');
}
