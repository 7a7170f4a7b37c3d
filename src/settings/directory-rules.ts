import { relative, resolve } from 'node:path';
import type { Settings } from './schema.ts';

/** What the directory of the source needs. */
export function directoryRules({ dirPath, target }: Settings, given: ReadonlySet<string>): readonly string[] {
  if (dirPath === undefined) {
    return given.has('dirPath')
      ? []
      : ['WHERRY_DIR_PATH: required with WHERRY_SOURCE=dir; set it to the directory to read'];
  }
  if (!isWithin(dirPath, target) && !isWithin(target, dirPath)) return [];
  return [
    `WHERRY_DIR_PATH: "${dirPath}" and WHERRY_TARGET "${target}" lie in each other, so that what is published would be read again; keep them apart`,
  ];
}

function isWithin(path: string, directory: string): boolean {
  const [first = ''] = relative(resolve(directory), resolve(path)).split('/');
  return first !== '..';
}
