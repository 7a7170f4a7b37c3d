import { readFile } from 'node:fs/promises';
import { DeniedError, systemCode } from '../../../../failure/failure.ts';

/** The content of a file that a variable names; says in words why there is none. */
export async function readFileOf(setting: string, path: string): Promise<string> {
  const content = await readIfThere(setting, path);
  if (content !== undefined && content.trim() !== '') return content;
  throw new DeniedError({
    setting,
    problem: `${path} ${content === undefined ? 'is not there' : 'is empty'}`,
    cure: 'mount the file there, or correct the variable',
  });
}

export async function readIfThere(setting: string, path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = systemCode(error) ?? String(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new DeniedError({
      setting,
      problem: `${path} cannot be read (${code})`,
      cure: 'mount it readable for this user (fsGroup, defaultMode)',
    });
  }
}
