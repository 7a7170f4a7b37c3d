import { loadSettings } from '../../src/settings/settings.ts';
import { createGitSource, type GitSource } from '../../src/sources/git/git-source.ts';
import { RecordingLog } from './recording-log.ts';
import type { TestSource } from './taking.ts';
import { temporaryDirectory } from './temporary.ts';

export interface TestSourceOptions {
  /** Without `WHERRY_` and `GIT_`: `{ REF: 'main' }`; a name that starts with `WHERRY_` is taken as it is. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  readonly stateDir?: string;
}

/** The source as the settings of a user make it, disposed of by the test with `await using`. */
export async function gitSource(
  repo: string,
  { settings = {}, env = {}, stateDir }: TestSourceOptions = {},
): Promise<TestSource & AsyncDisposable & { readonly source: GitSource }> {
  const named = Object.entries(settings).map(([name, value]) => [
    name.startsWith('WHERRY_') ? name : `WHERRY_GIT_${name}`,
    value,
  ]);
  const loaded = loadSettings({
    env: { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: repo, ...Object.fromEntries(named) },
    flags: new Map(),
    complete: true,
  });
  const directory = stateDir ?? (await temporaryDirectory());
  const log = new RecordingLog();
  const ambient = { PATH: process.env['PATH'], ...env };
  const source = createGitSource({ settings: loaded.settings, stateDir: directory, env: ambient, log });
  return {
    source,
    stateDir: directory,
    log,
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}
