import type { Revision } from './entry.ts';

/**
 * The revision of a set of layers says that of each, in order of precedence: `base=3f2a…,site=version:9`. What would be
 * read as something else (`%`, `,`, `=`) is percent-encoded in it.
 */
export function joinRevisions(revisions: Iterable<readonly [layer: string, revision: Revision]>): Revision {
  return Array.from(revisions, ([layer, revision]) => `${layer}=${encode(revision)}`).join(',') as Revision;
}

/** By layer; undefined for a text that is no such revision. It need not name every layer. */
export function splitRevisions(text: string): ReadonlyMap<string, Revision> | undefined {
  const revisions = new Map<string, Revision>();
  for (const part of text.split(',')) {
    const [, layer, encoded = ''] = /^([a-z][a-z0-9-]*)=([^=]+)$/s.exec(part) ?? [];
    const revision = decode(encoded);
    if (layer === undefined || revision === undefined || revisions.has(layer)) return undefined;
    revisions.set(layer, revision as Revision);
  }
  return revisions;
}

function encode(text: string): string {
  return text.replace(/[%,=]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

function decode(text: string): string | undefined {
  const isWhole = !/%(?!25|2C|3D)/i.test(text);
  return isWhole
    ? text.replace(/%(25|2C|3D)/gi, (part) => String.fromCharCode(Number.parseInt(part.slice(1), 16)))
    : undefined;
}
