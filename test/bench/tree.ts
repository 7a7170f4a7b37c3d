import { readdirSync, readFileSync } from 'node:fs';

/** MiB that a process and all below it hold together, what they share counted once; it may end at any time. */
function pssOfTree(root: number): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? parentOf(pid) : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  let sum = 0;
  for (const left = [root]; left.length > 0; ) {
    const pid = left.pop() ?? root;
    sum += Number(/^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
    left.push(...(children.get(pid) ?? []));
  }
  return sum;
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

const pause = 50;

/** Looks again and again at what a process holds with all its children, and keeps the most that it saw. */
export class TreePeak implements Disposable {
  /** MiB. */
  most = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      this.most = Math.max(this.most, pssOfTree(pid));
    }, pause);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
