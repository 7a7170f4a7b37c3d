import { existsSync } from 'node:fs';
import type { Settings } from '../settings/schema.ts';
import type { Source } from '../sources/source.ts';
import { LateLog } from './late-log.ts';
import { placesOf } from './places.ts';

/** A source that is at work while the rest of the program is loaded. */
export interface Begun extends AsyncDisposable {
  readonly source: Source;
  /** What it says is kept until there is somewhere to write it. */
  readonly log: LateLog;
}

/** Where git is to fetch a first clone, that needs little of this program, and lasts as long as loading the rest does. */
export async function begin(settings: Settings, env: NodeJS.ProcessEnv): Promise<Begun | undefined> {
  const { target, stateDir } = placesOf(settings);
  const isGit = settings.source === 'git' && settings.layerList === undefined;
  // A target that is not there is made with the mode that the settings say, by others.
  if (!isGit || !existsSync(target)) return undefined;
  const { createGitSource } = await import('../sources/git/git-source.ts');
  const log = new LateLog();
  const source = createGitSource({ settings, stateDir, env, log });
  await source.begin();
  return { source, log, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
}
