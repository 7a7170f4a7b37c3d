import { readdirSync, readFileSync } from 'node:fs';

/** MiB that a process and all below it hold together. */
interface Held {
  /** What they share counted once. */
  readonly pss: number;
  /** Without the pages of files, which the kernel takes back when it needs them. */
  readonly anonymous: number;
}

/** Each of them may end at any time. */
function heldByTree(root: number): Held {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? parentOf(pid) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  let pss = 0;
  let anonymous = 0;
  for (const left = [root]; left.length > 0; ) {
    const pid = left.pop() ?? root;
    const text = read(`/proc/${pid}/smaps_rollup`);
    const mebibytes = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024;
    pss += mebibytes('Pss');
    anonymous += mebibytes('Pss_Anon');
    left.push(...(children.get(pid) ?? []));
  }
  return { pss, anonymous };
}

function parentOf(pid: number): number | undefined {
  const text = read(`/proc/${pid}/stat`);
  const parent = text.slice(text.lastIndexOf(')') + 2).split(' ')[1];
  return parent === undefined ? undefined : Number(parent);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Milliseconds. */
const pause = 20;

/** Looks again and again at what a process holds with all its children, and keeps the most that it saw. */
export class TreePeak implements Disposable {
  /** MiB: the most of each, not at the same time. */
  pss = 0;
  anonymous = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      const { pss, anonymous } = heldByTree(pid);
      this.pss = Math.max(this.pss, pss);
      this.anonymous = Math.max(this.anonymous, anonymous);
    }, pause);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
