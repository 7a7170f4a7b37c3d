import { parseCommand } from './command-form.ts';

type Quoting = 'none' | 'single' | 'double';

/**
 * Puts values in the place of `{name}`. A shell line gets them quoted for the place where they stand, so that each
 * stays one word and nothing of it is run; the arguments of a JSON array get them as they are. An unknown name stays.
 */
export function fillPlaceholders(command: string, values: Readonly<Record<string, string>>): string {
  const parsed = parseCommand(command);
  if (parsed.kind !== 'argv') return fillShellLine(command, values);
  const plain = (argument: string) =>
    argument.replace(/\{(\w+)\}/g, (whole, name: string) => lookUp(values, name) ?? whole);
  return JSON.stringify([parsed.file, ...parsed.args].map(plain));
}

function fillShellLine(line: string, values: Readonly<Record<string, string>>): string {
  const place = new ShellPlace();
  let filled = '';
  for (let at = 0; at < line.length; ) {
    const [whole, name] = /^\{(\w+)\}/.exec(line.slice(at, at + 100)) ?? [];
    const value = name === undefined ? undefined : lookUp(values, name);
    if (whole === undefined || value === undefined) {
      const length = place.pass(line, at);
      filled += line.slice(at, at + length);
      at += length;
    } else {
      filled += quote(value, place.quoting);
      at += whole.length;
    }
  }
  return filled;
}

function lookUp(values: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function quote(value: string, quoting: Quoting): string {
  switch (quoting) {
    case 'single':
      return value.replaceAll("'", "'\\''");
    case 'double':
      return value.replace(/[\\$`"]/g, '\\$&');
    case 'none':
      return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
  }
}

/** Knows, while a shell line is read from left to right, how what comes next is quoted. */
class ShellPlace {
  /** What is open, the innermost last; its closing character. */
  readonly #open: string[] = [];

  get quoting(): Quoting {
    const inner = this.#open.at(-1);
    return inner === "'" ? 'single' : inner === '"' ? 'double' : 'none';
  }

  /** Reads one element of the line, and gives its length. */
  pass(line: string, at: number): number {
    const character = line.charAt(at);
    const { quoting } = this;
    if (character === this.#open.at(-1)) this.#open.pop();
    else if (quoting === 'single') return 1;
    else if (character === '\\') return 2;
    else if (character === '"' || character === '`') this.#open.push(character);
    else if (line.startsWith('$(', at)) {
      this.#open.push(')');
      return 2;
    } else if (quoting === 'double') return 1;
    else if (character === "'") this.#open.push(character);
    else if (character === '(') this.#open.push(')');
    else if (character === '#' && /(^|[\s;&|(])$/.test(line.slice(Math.max(at - 1, 0), at))) {
      return lengthOfComment(line, at);
    }
    return 1;
  }
}

function lengthOfComment(line: string, at: number): number {
  const end = line.indexOf('\n', at);
  return (end === -1 ? line.length : end) - at;
}
