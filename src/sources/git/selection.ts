import type { Settings } from '../../settings/schema.ts';
import { type PathFilter, pathFilterOf } from '../../snapshot/path-filter.ts';

/** Which part of a repository is the set. Paths are relative to the root. */
export interface Selection extends Pick<PathFilter, 'takes' | 'excludes'> {
  /** WHERRY_GIT_PATH by its elements; none = the whole repository. */
  readonly root: readonly string[];
  /** True when less than the whole tree is taken, so that other contents need not be fetched. */
  readonly partial: boolean;
}

export async function selectionOf(settings: Settings): Promise<Selection> {
  const { gitPath, include, exclude } = settings;
  const root = (gitPath ?? '.').split('/').filter((element) => element !== '' && element !== '.');
  const { isPartial, takes, excludes } = await pathFilterOf({ include, exclude });
  return { root, partial: root.length > 0 || isPartial, takes, excludes };
}
