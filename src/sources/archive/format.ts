import type { archiveEndings } from '../../settings/s3-kinds.ts';

export type ArchiveFormat = 'tar' | 'tar.gz' | 'tar.zst' | 'zip';

const formats: Readonly<Record<(typeof archiveEndings)[number], ArchiveFormat>> = {
  '.tar': 'tar',
  '.tar.gz': 'tar.gz',
  '.tgz': 'tar.gz',
  '.tar.zst': 'tar.zst',
  '.tzst': 'tar.zst',
  '.zip': 'zip',
};

/** The format that a key's ending tells; undefined when it is none of an archive. */
export function archiveFormatOf(key: string): ArchiveFormat | undefined {
  const lower = key.toLowerCase();
  return Object.entries(formats).find(([ending]) => lower.endsWith(ending))?.[1];
}
