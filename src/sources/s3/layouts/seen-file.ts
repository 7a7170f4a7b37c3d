import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeAtomically } from '../../../platform/atomic-write.ts';
import { ensureDirectory } from '../../../platform/directory.ts';
import type { Revision } from '../../../snapshot/entry.ts';
import type { ETag, ObjectHead } from '../store/store.ts';

/** The state of one key that was seen last, and what the source calls it. */
export interface Seen {
  readonly head: ObjectHead;
  readonly revision: Revision;
}

/**
 * Remembers what was seen over a restart, so that the first request of the next run can be a conditional one. Losing
 * it costs one download, and nothing else.
 */
export class SeenFile {
  readonly #path: string;
  readonly #place: string;

  /** `place` names layout, bucket and key; what was seen elsewhere does not count. */
  constructor(path: string, place: string) {
    this.#path = path;
    this.#place = place;
  }

  async read(): Promise<Seen | undefined> {
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#path, 'utf8'));
      return isRemembered(parsed) && parsed.place === this.#place ? seenOf(parsed) : undefined;
    } catch {
      return undefined;
    }
  }

  /** What cannot be written is no failure: it only saves work. */
  async write({ head, revision }: Seen): Promise<void> {
    const { key, etag, versionId, size, lastModified } = head;
    const remembered: Remembered = {
      version: 1,
      place: this.#place,
      revision,
      key,
      etag,
      size,
      ...(versionId === undefined ? {} : { versionId }),
      ...(lastModified === undefined ? {} : { lastModified: lastModified.toISOString() }),
    };
    try {
      await ensureDirectory(dirname(this.#path), 0o700);
      await writeAtomically(this.#path, `${JSON.stringify(remembered)}\n`, 0o600);
    } catch {}
  }
}

interface Remembered {
  readonly version: 1;
  readonly place: string;
  readonly revision: string;
  readonly key: string;
  readonly etag: string;
  readonly versionId?: string;
  readonly size: number;
  readonly lastModified?: string;
}

function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== 'object' || value === null) return false;
  const { version, place, revision, key, etag, versionId, size, lastModified } = value as Record<
    string,
    unknown
  >;
  const areTexts = [place, revision, key, etag].every((text) => typeof text === 'string' && text !== '');
  const areOptional = [versionId, lastModified].every(
    (text) => text === undefined || typeof text === 'string',
  );
  return version === 1 && areTexts && areOptional && Number.isSafeInteger(size);
}

function seenOf({ revision, key, etag, versionId, size, lastModified }: Remembered): Seen {
  const time = lastModified === undefined ? undefined : new Date(lastModified);
  return {
    head: { key, etag: etag as ETag, versionId, size, lastModified: time },
    revision: revision as Revision,
  };
}
