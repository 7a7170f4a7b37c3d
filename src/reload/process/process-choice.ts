import { basename } from 'node:path';

/** What `/proc` says of one process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  /** The id of its session: one container's processes share it. */
  readonly session: number;
  /** The kernel's name for it, at most 15 bytes. */
  readonly name: string;
  /** What it was started as; programs may write something else there. */
  readonly argv0: string | undefined;
  /** The path of its program, where this user may know it. */
  readonly executable: string | undefined;
  /** Clock ticks since boot. */
  readonly startTime: number;
  readonly uid: number;
}

export type ProcessChoice =
  | { readonly kind: 'found'; readonly process: ProcessInfo }
  | { readonly kind: 'none' }
  | { readonly kind: 'ambiguous'; readonly processes: readonly ProcessInfo[] };

/**
 * Finds the process of that name or executable path. Of several, the oldest whose parent is another program: the
 * master, not its workers. Masters of several sessions have nothing to do with each other, and none is chosen.
 */
export function chooseProcess(processes: readonly ProcessInfo[], wanted: string): ProcessChoice {
  const matching = processes.filter((process) => matches(process, wanted));
  const pids = new Set(matching.map(({ pid }) => pid));
  const masters = matching
    .filter(({ parent }) => !pids.has(parent))
    .sort((a, b) => a.startTime - b.startTime || a.pid - b.pid);
  const [oldest] = masters;
  if (oldest === undefined) return { kind: 'none' };
  const unrelated = masters.some(({ session }) => session !== oldest.session);
  return unrelated ? { kind: 'ambiguous', processes: masters } : { kind: 'found', process: oldest };
}

/** True when nothing but this process's own family is visible: the other containers have namespaces of their own. */
export function seesOnlyItself(processes: readonly ProcessInfo[], self: number): boolean {
  const parents = new Map(processes.map(({ pid, parent }) => [pid, parent]));
  const root = rootOf(self, parents);
  return processes.every(({ pid }) => rootOf(pid, parents) === root);
}

function rootOf(pid: number, parents: ReadonlyMap<number, number>): number {
  let root = pid;
  // The table is no snapshot: a pid that was used again must not send this round for ever.
  for (let steps = 0; steps <= parents.size; steps += 1) {
    const parent = parents.get(root);
    if (parent === undefined || parent === root || !parents.has(parent)) break;
    root = parent;
  }
  return root;
}

function matches({ name, argv0, executable }: ProcessInfo, wanted: string): boolean {
  if (wanted.includes('/')) return executable?.replace(/ \(deleted\)$/, '') === wanted || argv0 === wanted;
  if (name === wanted) return true;
  const started = argv0 === undefined ? '' : basename(argv0);
  if (started === wanted) return true;
  // The kernel keeps 15 bytes of a name; what it was started as tells longer ones apart.
  return isCutTo(name, wanted) && !isCutTo(name, started);
}

function isCutTo(name: string, whole: string): boolean {
  return Buffer.byteLength(name) === 15 && Buffer.from(whole).subarray(0, 15).equals(Buffer.from(name));
}
