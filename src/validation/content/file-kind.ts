export type FileKind = 'json' | 'yaml' | 'toml';

const kinds: ReadonlyMap<string, FileKind> = new Map([
  ['json', 'json'],
  ['yaml', 'yaml'],
  ['yml', 'yaml'],
  ['toml', 'toml'],
]);

/** What a file's name says that it holds. */
export function kindOf(path: string): FileKind | undefined {
  const extension = /\.([a-z]+)$/i.exec(path)?.[1];
  return extension === undefined ? undefined : kinds.get(extension.toLowerCase());
}
