import { relative, resolve } from 'node:path';
import type { Settings } from './schema.ts';

/** Where in the target a path is that may be relative to it; undefined when it is elsewhere. */
export function pathInTarget(path: string, target: string): string | undefined {
  const root = resolve(target);
  const inside = relative(root, resolve(root, path));
  return inside === '..' || inside.startsWith('../') ? undefined : inside;
}

/** The application's file must be a place of its own. */
export function acknowledgementRules({ ack, sentinel, target }: Settings): readonly string[] {
  const path = ack === undefined ? undefined : pathInTarget(ack, target);
  if (path === undefined) return [];
  const start = `WHERRY_ACK: "${ack}"`;
  if (path === '') return [`${start} is the target itself; name a file in it, or elsewhere`];
  if (path.startsWith('..')) {
    return [`${start} lies where Wherry keeps its own files; name another place, or a file elsewhere`];
  }
  if (sentinel === undefined || !(isWithin(path, sentinel) || isWithin(sentinel, path))) return [];
  return [`${start} is in the way of WHERRY_SENTINEL, "${sentinel}"; the two need files of their own`];
}

function isWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(`${other}/`);
}
