import { readFileSync } from 'node:fs';
import { markOf } from '../platform/file-mark.ts';
import { nearest } from './nearest.ts';
import { flagName, schema, variableName } from './schema.ts';
import { unavailable } from './unavailable.ts';

/** One value as the user gave it, before it is parsed. */
export interface RawValue {
  readonly text: string;
  /** What to name in an error: the variable or the flag that was used. */
  readonly given: string;
  readonly file?: FileStamp;
}

/** Where a value's file was, and what it looked like when it was read. */
export interface FileStamp {
  readonly path: string;
  readonly mark: string;
}

export interface RawSettings {
  readonly values: ReadonlyMap<string, RawValue>;
  readonly problems: readonly string[];
}

const known = new Map(Object.keys(schema).map((key) => [variableName(key), key]));
const refused = new Set(unavailable);

/** Collects what the environment, the flags (which win) and `_FILE` values say. Every problem is found, none throws. */
export function collect(env: NodeJS.ProcessEnv, flags: ReadonlyMap<string, string>): RawSettings {
  const values = new Map<string, RawValue>();
  const problems: string[] = [];
  const given = [
    ...Object.entries(env).map(([name, value]) => ({ variable: name, value: value ?? '', shown: name })),
    ...[...flags].map(([flag, value]) => ({ variable: variableOfFlag(flag), value, shown: flag })),
  ];
  for (const { variable, value, shown } of given) {
    const isFlag = shown.startsWith('--');
    if (!isFlag && (!variable.startsWith('WHERRY_') || isServiceLink(variable, value) || value === ''))
      continue;
    const found = lookUp(variable);
    const other = found && values.get(found.key);
    const isTwice = other !== undefined && other.given.startsWith('--') === isFlag;
    if (found === undefined) problems.push(unknownName(shown, variable));
    else if (value === '') problems.push(`${shown}: has no value; write one, or leave it out`);
    else if (isTwice) problems.push(`${shown}: ${other.given} is set too; keep one of the two`);
    else if (found.file) readInto(values, problems, { key: found.key, path: value, shown });
    else values.set(found.key, { text: value, given: shown });
  }
  return { values, problems };
}

/** True when a file that a value came from is no longer the one that was read. */
export function filesChanged(raw: RawSettings): boolean {
  return [...raw.values.values()].some(({ file }) => file !== undefined && markOf(file.path) !== file.mark);
}

function lookUp(variable: string): { key: string; file: boolean } | undefined {
  const key = known.get(variable);
  if (key !== undefined) return { key, file: false };
  const fileKey = variable.endsWith('_FILE') ? known.get(variable.slice(0, -'_FILE'.length)) : undefined;
  return fileKey === undefined ? undefined : { key: fileKey, file: true };
}

function readInto(
  values: Map<string, RawValue>,
  problems: string[],
  { key, path, shown }: { key: string; path: string; shown: string },
): void {
  try {
    const mark = markOf(path);
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (text === '')
      problems.push(`${shown}: ${path} is empty; write the value into it, or leave the setting out`);
    values.set(key, { text, given: shown, file: { path, mark } });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    problems.push(`${shown}: ${path} cannot be read (${code}); mount the file there, readable for this user`);
  }
}

function variableOfFlag(flag: string): string {
  return `WHERRY_${flag.slice(2).toUpperCase().replaceAll('-', '_')}`;
}

function unknownName(shown: string, variable: string): string {
  const base = variable.replace(/_FILE$/, '');
  if (refused.has(base)) return `${shown}: not part of this version; remove it`;
  const near = nearest(variable, [...known.keys()]);
  const name = near !== undefined && shown.startsWith('--') ? flagName(near) : near;
  return `${shown}: no such setting; ${name === undefined ? '`wherry settings` lists them all' : `did you mean ${name}?`}`;
}

/** A Kubernetes Service called `wherry` injects `WHERRY_PORT=tcp://…`, `WHERRY_SERVICE_HOST=…` into every pod. */
function isServiceLink(variable: string, value: string): boolean {
  const port = /^WHERRY_(\w+_)?PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/;
  const service = /^WHERRY_(\w+_)?SERVICE_(HOST|PORT(_\w+)?)$/;
  return (
    service.test(variable) || (port.test(variable) && /^(tcp|udp|sctp)\b|^\d+$|^[\d.:a-f]+$/.test(value))
  );
}
