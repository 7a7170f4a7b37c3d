import type { Fingerprint } from './entry.ts';

/** The fingerprint that equal contents have in every source, by their SHA-256 in hexadecimal. */
export function contentFingerprint(sha256: string): Fingerprint {
  return `sha256:${sha256}` as Fingerprint;
}
