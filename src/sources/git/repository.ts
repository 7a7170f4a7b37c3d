import { mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { ensureDirectoryNow } from '../../platform/directory-now.ts';
import { DamageError } from './damage.ts';
import { isObjectId } from './refs.ts';

/** The one ref of a clone: what was fetched last. */
export const currentRef = 'refs/wherry/current';

export type ObjectFormat = 'sha1' | 'sha256';

const head = 'ref: refs/heads/none\n';

const configurations: Readonly<Record<ObjectFormat, string>> = {
  sha1: '[core]\n\trepositoryformatversion = 0\n\tbare = true\n',
  sha256: '[core]\n\trepositoryformatversion = 1\n\tbare = true\n[extensions]\n\tobjectformat = sha256\n',
};

/** Writes an empty bare repository: the same that `git init --bare` makes, without starting it. */
export function createRepository(directory: string, format: ObjectFormat): void {
  ensureDirectoryNow(join(directory, 'objects', 'pack'), 0o700);
  mkdirSync(join(directory, 'objects', 'info'));
  mkdirSync(join(directory, 'refs', 'wherry'), { recursive: true });
  writeFileSync(join(directory, 'HEAD'), head);
  writeFileSync(join(directory, 'config'), configurations[format]);
}

/** What a look at a clone's files tells. */
export interface Inspection {
  readonly format: ObjectFormat;
  readonly packs: number;
  readonly shallow: boolean;
}

/**
 * Looks at a clone that nobody is working on. Resolves with undefined when there is none; throws `DamageError` when
 * it is not exactly what this program and its git leave behind. What a killed git left unfinished is removed.
 */
export async function inspectRepository(directory: string): Promise<Inspection | undefined> {
  try {
    const top = await listOrNothing(directory);
    if (top === undefined) return undefined;
    const [headText, config] = await Promise.all([
      readFile(join(directory, 'HEAD'), 'utf8'),
      readFile(join(directory, 'config'), 'utf8'),
    ]);
    if (headText !== head) throw new DamageError('its HEAD was changed');
    const format = config === configurations.sha1 ? 'sha1' : 'sha256';
    if (config !== configurations[format]) throw new DamageError('its configuration was changed');
    const files = await readdir(join(directory, 'objects'), { recursive: true });
    const refs = await readdir(join(directory, 'refs'), { recursive: true });
    const lock = [...top, ...files, ...refs].find((name) => name.endsWith('.lock'));
    if (lock !== undefined) throw new DamageError(`a left-over lock ${JSON.stringify(lock)} is in it`);
    checkPacks(files);
    await removeUnfinished(directory, files);
    return {
      format,
      packs: files.filter((name) => name.endsWith('.pack')).length,
      shallow: top.includes('shallow'),
    };
  } catch (error) {
    if (error instanceof DamageError) throw error;
    throw new DamageError(`its files cannot be read (${systemCode(error) ?? String(error)})`, error);
  }
}

/** What the last fetch brought: a commit, or an annotated tag. Throws `DamageError` when the ref is not readable. */
export async function readCurrent(directory: string): Promise<string | undefined> {
  let text: string;
  try {
    text = (await readFile(join(directory, currentRef), 'utf8')).trim();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new DamageError('its ref cannot be read', error);
  }
  if (!isObjectId(text)) throw new DamageError('its ref holds no object name');
  return text;
}

/** Points the clone's ref to an object that it has. */
export async function writeCurrent(directory: string, oid: string): Promise<void> {
  await writeFile(join(directory, currentRef), `${oid}\n`);
}

/** A pack without its index is invisible to git, an index without its pack an error. */
function checkPacks(files: readonly string[]): void {
  const names = new Set(files);
  for (const name of files) {
    const match = /^(.*pack-[0-9a-f]+)\.(pack|idx)$/.exec(name);
    const twin = match === null ? undefined : `${match[1]}.${match[2] === 'pack' ? 'idx' : 'pack'}`;
    if (twin !== undefined && !names.has(twin)) throw new DamageError(`${JSON.stringify(twin)} is missing`);
  }
}

async function removeUnfinished(directory: string, files: readonly string[]): Promise<void> {
  const unfinished = files.filter((name) =>
    /(?:^|\/)(?:tmp_[^/]*|\.tmp-[^/]*|pack-[0-9a-f]+\.keep)$/.test(name),
  );
  await Promise.all(unfinished.map((name) => rm(join(directory, 'objects', name), { force: true })));
}

async function listOrNothing(directory: string): Promise<string[] | undefined> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
