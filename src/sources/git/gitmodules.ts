import { RefusedError } from '../../failure/failure.ts';
import { runGroup } from '../../platform/process-group.ts';
import { missingOf } from './blobs.ts';
import type { ObjectReader, ReadableClone } from './object-reader.ts';
import { parseGitmodules, type Submodule } from './submodule-urls.ts';
import { parseTree } from './tree.ts';

export interface GitmodulesOptions {
  readonly clone: ReadableClone;
  /** Whether file contents were left out when the clone was fetched. */
  readonly partial: boolean;
  readonly signal: AbortSignal;
  /** Brings blobs that a partial clone lacks. */
  bringBlobs(oids: readonly string[]): Promise<void>;
}

const largest = 4 * 1024 * 1024;

/** The submodules that a tree's `.gitmodules` describes. git itself parses it; there is no work tree. */
export async function readGitmodules(
  reader: ObjectReader,
  tree: string,
  { clone, partial, signal, bringBlobs }: GitmodulesOptions,
): Promise<Submodule[]> {
  reader.ask([tree]);
  const { content } = await reader.expect('tree');
  const items = [...parseTree(content, tree.length / 2)];
  const file = items.find(({ mode, name }) => mode.startsWith('100') && name.toString() === '.gitmodules');
  if (file === undefined) return [];
  if (partial && (await missingOf([file.oid], clone, signal)).length > 0) await bringBlobs([file.oid]);
  const args = ['config', '--no-includes', '--blob', file.oid, '-z', '--list'];
  const { code, stdout, stderr } = await runGroup('git', args, {
    cwd: clone.directory,
    env: clone.env,
    signal,
    maxOutput: largest,
  });
  if (code === 0) return parseGitmodules(stdout.toString('utf8'));
  throw new RefusedError({
    setting: 'WHERRY_GIT_SUBMODULES',
    problem: `.gitmodules cannot be read: ${stderr.trim()}`,
    cure: 'repair it in the source, or set WHERRY_GIT_SUBMODULES to off',
  });
}
