import { oneLine } from '../../platform/one-line.ts';
import type { Fault } from './document.ts';

const told = 10;
const longest = 300;

/** What is wrong with the files, of which the first ten things are told. */
export class Problems {
  readonly #lines: string[] = [];
  #count = 0;

  /** The fault is only made when it is told. */
  add(file: string, fault: Fault | (() => Fault)): void {
    this.addLine(() => problemLine(file, typeof fault === 'function' ? fault() : fault));
  }

  addLine(line: string | (() => string)): void {
    this.#count += 1;
    if (this.#lines.length < told) this.#lines.push(typeof line === 'function' ? line() : line);
  }

  get some(): boolean {
    return this.#count > 0;
  }

  get summary(): { readonly problems: readonly string[]; readonly more: number } {
    return { problems: this.#lines, more: this.#count - this.#lines.length };
  }
}

/** `path/to/file.yaml:12:3: message`, in one harmless line. */
export function problemLine(file: string, { position, message }: Fault): string {
  const place = position === undefined ? '' : `:${position.line}:${position.column}`;
  const line = oneLine(message);
  return `${oneLine(file)}${place}: ${line.length > longest ? `${line.slice(0, longest)}…` : line}`;
}
