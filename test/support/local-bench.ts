import { join } from 'node:path';
import { Repository } from './repository.ts';
import { temporaryDirectory } from './temporary.ts';

export interface LocalBench {
  readonly repository: Repository;
  /** Not made yet. */
  readonly target: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** A local repository, a target, and the settings that lead from one to the other. */
export async function localBench(more: Readonly<Record<string, string>> = {}): Promise<LocalBench> {
  const repository = await Repository.create();
  const target = join(await temporaryDirectory(), 'config');
  const settings = {
    WHERRY_SOURCE: 'git',
    WHERRY_GIT_REPO: repository.path,
    WHERRY_TARGET: target,
    WHERRY_POLL_INTERVAL: '200ms',
    ...more,
  };
  return { repository, target, settings };
}
