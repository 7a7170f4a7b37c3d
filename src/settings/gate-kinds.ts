import { isAbsolute, posix } from 'node:path';
import { globs, isRelativeGlob } from './globs.ts';
import { insidePath, type Kind, type Statuses, statuses } from './kinds.ts';

/** Which files a JSON Schema holds for. */
export interface SchemaRule {
  readonly glob: string;
  /** Absolute, or a path inside the set. */
  readonly schema: string;
}

/** `dashboards/*.json=schemas/dashboard.json`. */
export const schemaRules: Kind<readonly SchemaRule[]> = {
  expected:
    'a list of glob=path/to/schema.json, the globs without a / in front or at the end, the path absolute or inside the set',
  parse: (value) => {
    const found = pairs(value)?.map(([glob, schema]) => ({ glob, schema }));
    return found?.every(({ schema }) => isAbsolute(schema) || !leavesSet(schema)) ? found : undefined;
  },
};

function leavesSet(path: string): boolean {
  return /^\.\.(\/|$)/.test(posix.normalize(path));
}

/** Text, or `@` and the path of a file of the set. */
export const callBody: Kind<string> = {
  expected: 'text, or @ and the relative path of a file of the set, without ..',
  parse: (value) => {
    if (!value.startsWith('@')) return value;
    const path = insidePath.parse(value.slice(1));
    return path === undefined ? undefined : `@${path}`;
  },
};

/** A kind of target, or one of several URLs by its number. */
export type RouteTarget = 'url' | `url${number}` | 'signal' | 'exec' | 'sentinel';

export interface Route {
  readonly glob: string;
  readonly target: RouteTarget;
}

/** `rules/**=url,*.html=sentinel`. */
export const routes: Kind<readonly Route[]> = {
  expected:
    'a list of glob=url, glob=url2, glob=signal, glob=exec or glob=sentinel, the globs without a / in front or at the end',
  parse: (value) => {
    const found = pairs(value)?.map(([glob, target]) => ({ glob, target }));
    return found?.every(isRoute) ? found : undefined;
  },
};

function isRoute(pair: { readonly glob: string; readonly target: string }): pair is Route {
  return /^(url([1-9]\d*)?|signal|exec|sentinel)$/.test(pair.target);
}

/** What a verification waits for. */
export type Expectation =
  | { readonly kind: 'status'; readonly statuses: Statuses }
  | { readonly kind: 'equals'; readonly pointer: string; readonly value: string }
  | { readonly kind: 'changes'; readonly pointer: string };

/** `2xx`, `json:/status=ready`, `json:/reloads changes`. */
export const expectation: Kind<Expectation> = {
  expected: 'HTTP statuses such as 2xx, json:/pointer=value, or json:/pointer changes',
  parse: (value) => {
    if (!value.startsWith('json:')) {
      const parsed = statuses.parse(value);
      return parsed === undefined ? undefined : { kind: 'status', statuses: parsed };
    }
    const [, pointer, changes, wanted] = /^json:((?:\/[^=\s]*)*)(?:( +changes)|=(.*))$/s.exec(value) ?? [];
    if (pointer === undefined || /~(?![01])/.test(pointer)) return undefined;
    return changes === undefined
      ? { kind: 'equals', pointer, value: wanted ?? '' }
      : { kind: 'changes', pointer };
  },
};

/** Each item is split at its last `=`; a glob may hold one itself. */
function pairs(value: string): readonly (readonly [string, string])[] | undefined {
  const found = globs.parse(value)?.map((item): readonly [string, string] => {
    const at = item.lastIndexOf('=');
    return at === -1 ? ['', ''] : [item.slice(0, at).trim(), item.slice(at + 1).trim()];
  });
  return found?.every(([glob, other]) => glob !== '' && other !== '' && isRelativeGlob(glob))
    ? found
    : undefined;
}
