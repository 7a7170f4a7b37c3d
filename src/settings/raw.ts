import { readFileSync } from 'node:fs';
import { markOf } from '../platform/file-mark.ts';
import { collisionsOf } from './layers/collisions.ts';
import { layerNames, usableNames } from './layers/names.ts';
import { isLayerVariable, layerSchema, layerVariable } from './layers/schema.ts';
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

export interface RawLayer {
  readonly name: string;
  readonly values: ReadonlyMap<string, RawValue>;
}

export interface RawSettings {
  readonly values: ReadonlyMap<string, RawValue>;
  readonly layers: readonly RawLayer[];
  readonly problems: readonly string[];
  /** The variables whose file could not be read, or is empty: they are set, to nobody knows what. */
  readonly unread: readonly string[];
}

/** What is wrong, as it is found. */
interface Findings {
  readonly problems: string[];
  readonly unread: string[];
}

/** A variable or a flag that the user set. */
interface Given {
  /** The variable that it is, or stands for. */
  readonly variable: string;
  readonly value: string;
  readonly shown: string;
}

/** Where a value belongs: a setting of the set, or of one of its layers. */
interface Place {
  readonly key: string;
  readonly values: Map<string, RawValue>;
}

const known = Object.keys(schema).map((key) => [variableName(key), key] as const);
const refused = new Set(unavailable);

/** Collects what the environment, the flags (which win) and `_FILE` values say. Every problem is found, none throws. */
export function collect(env: NodeJS.ProcessEnv, flags: ReadonlyMap<string, string>): RawSettings {
  const values = new Map<string, RawValue>();
  const findings: Findings = { problems: [], unread: [] };
  const { problems, unread } = findings;
  const places = new Map<string, Place>(known.map(([variable, key]) => [variable, { key, values }]));
  const others = allGiven(env, flags).filter((given) => !take(given, places, findings));
  const listed = values.get('layers');
  const names = listed === undefined ? [] : usableNames(listed.text);
  const layers = names.map((name) => ({ name, values: new Map<string, RawValue>() }));
  for (const layer of layers) {
    for (const key of Object.keys(layerSchema))
      places.set(layerVariable(layer.name, key), { key, values: layer.values });
  }
  problems.push(...collisionsOf(names));
  for (const given of others) {
    if (take(given, places, findings)) continue;
    const isOfLayer = isLayerVariable(given.variable);
    // The list is wrong, and said to be: what layers it was to name is not known.
    if (isOfLayer && listed !== undefined && layerNames.parse(listed.text) === undefined) continue;
    problems.push(unknownName(given, [...places.keys()], isOfLayer ? names : undefined));
  }
  return { values, layers, problems, unread };
}

/** True when a file that a value came from is no longer the one that was read. */
export function filesChanged({ values, layers }: RawSettings): boolean {
  const all = [values, ...layers.map((layer) => layer.values)].flatMap((each) => [...each.values()]);
  return all.some(({ file }) => file !== undefined && markOf(file.path) !== file.mark);
}

function allGiven(env: NodeJS.ProcessEnv, flags: ReadonlyMap<string, string>): readonly Given[] {
  const variables = Object.entries(env).flatMap(([variable, value = '']) => {
    const isSetting = variable.startsWith('WHERRY_') && !isServiceLink(variable, value) && value !== '';
    return isSetting ? [{ variable, value, shown: variable }] : [];
  });
  return [
    ...variables,
    ...[...flags].map(([shown, value]) => ({ variable: variableOfFlag(shown), value, shown })),
  ];
}

/** False when no setting is called so. */
function take(given: Given, places: ReadonlyMap<string, Place>, findings: Findings): boolean {
  const { problems, unread } = findings;
  const { value, shown } = given;
  const found = lookUp(given.variable, places);
  if (found === undefined) return false;
  const { key, values } = found.place;
  const other = values.get(key);
  const isTwice = other !== undefined && other.given.startsWith('--') === shown.startsWith('--');
  if (value === '') problems.push(`${shown}: has no value; write one, or leave it out`);
  else if (isTwice) problems.push(`${shown}: ${other.given} is set too; keep one of the two`);
  else if (found.isFile) {
    const read = readValue(value, shown);
    if (typeof read !== 'string') values.set(key, read);
    else {
      problems.push(`${shown}: ${read}`);
      unread.push(given.variable.slice(0, -'_FILE'.length));
    }
  } else values.set(key, { text: value, given: shown });
  return true;
}

function lookUp(
  variable: string,
  places: ReadonlyMap<string, Place>,
): { readonly place: Place; readonly isFile: boolean } | undefined {
  const place = places.get(variable);
  if (place !== undefined) return { place, isFile: false };
  const ofFile = variable.endsWith('_FILE') ? places.get(variable.slice(0, -'_FILE'.length)) : undefined;
  return ofFile === undefined ? undefined : { place: ofFile, isFile: true };
}

/** What is wrong with the file, and the cure, where there is no value in it. */
function readValue(path: string, given: string): RawValue | string {
  try {
    const mark = markOf(path);
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    if (text === '') return `${path} is empty; write the value into it, or leave the setting out`;
    return { text, given, file: { path, mark } };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    return `${path} cannot be read (${code}); mount the file there, readable for this user`;
  }
}

function variableOfFlag(flag: string): string {
  return `WHERRY_${flag.slice(2).toUpperCase().replaceAll('-', '_')}`;
}

/** `layers` are those that there are, for a name that looks like one of theirs. */
function unknownName(
  { shown, variable }: Given,
  names: readonly string[],
  layers: readonly string[] | undefined,
): string {
  const base = variable.replace(/_FILE$/, '');
  if (refused.has(base)) return `${shown}: not part of this version; remove it`;
  const near = nearest(variable, names);
  const name = near !== undefined && shown.startsWith('--') ? flagName(near) : near;
  const hint = name === undefined ? '`wherry settings` lists them all' : `did you mean ${name}?`;
  return `${shown}: no such setting; ${hint}${layers === undefined ? '' : layerHint(layers, name)}`;
}

function layerHint(layers: readonly string[], name: string | undefined): string {
  const stop = name === undefined ? '.' : '';
  if (layers.length === 0) return `${stop} Those of a layer need WHERRY_LAYERS`;
  return `${stop} WHERRY_LAYERS names ${layers.join(', ')}`;
}

/** A Kubernetes Service called `wherry` injects `WHERRY_PORT=tcp://…`, `WHERRY_SERVICE_HOST=…` into every pod. */
function isServiceLink(variable: string, value: string): boolean {
  const port = /^WHERRY_(\w+_)?PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/;
  const service = /^WHERRY_(\w+_)?SERVICE_(HOST|PORT(_\w+)?)$/;
  return (
    service.test(variable) || (port.test(variable) && /^(tcp|udp|sctp)\b|^\d+$|^[\d.:a-f]+$/.test(value))
  );
}
