export interface JsonFault {
  readonly offset: number;
  readonly message: string;
}

/** The keys and indices that lead to a value. */
export type JsonPath = readonly (string | number)[];

const space = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const word = /true|false|null/y;
const escaped = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/**
 * Reads a JSON text, of any depth, and says where and why it is none. V8's own messages have no position for most
 * faults. `onValue` learns of each value in order: its path, which is only good for the call, and where it starts.
 */
export function scanJson(
  text: string,
  onValue: (path: JsonPath, offset: number) => void = () => undefined,
): JsonFault | undefined {
  try {
    new Scanner(text, onValue).scan();
    return undefined;
  } catch (error) {
    if (error instanceof ScanError) return { offset: error.offset, message: error.message };
    throw error;
  }
}

class ScanError extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

class Scanner {
  readonly #text: string;
  readonly #onValue: (path: JsonPath, offset: number) => void;
  /** A string is the key at hand in an object, a number the index in an array. */
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(text: string, onValue: (path: JsonPath, offset: number) => void) {
    this.#text = text;
    this.#onValue = onValue;
  }

  scan(): void {
    do {
      if (!this.#value()) continue;
      while (this.#path.length > 0 && !this.#comma()) this.#path.pop();
    } while (this.#path.length > 0);
    this.#skip(space);
    if (this.#at < this.#text.length) this.#fail('expected nothing more after the document');
  }

  /** False when it opened an object or array that has a first value, which comes next. */
  #value(): boolean {
    this.#skip(space);
    const start = this.#at;
    this.#onValue(this.#path, start);
    const character = this.#text[start];
    if (character === '{' || character === '[') {
      this.#at += 1;
      this.#skip(space);
      if (this.#take(character === '{' ? '}' : ']')) return true;
      this.#path.push(character === '{' ? this.#key() : 0);
      return false;
    }
    if (character === '"') this.#string();
    else if (!this.#skip(word) && !this.#skip(number)) this.#fail('expected a value');
    return true;
  }

  /** After a value: true when another one follows, false when its object or array is closed. */
  #comma(): boolean {
    this.#skip(space);
    const step = this.#path.at(-1);
    const close = typeof step === 'number' ? ']' : '}';
    if (this.#take(close)) return false;
    const comma = this.#at;
    if (!this.#take(',')) this.#fail(`expected "," or "${close}"`);
    this.#skip(space);
    if (this.#text[this.#at] === close) this.#failAt(comma, `a comma before "${close}"`);
    this.#path[this.#path.length - 1] = typeof step === 'number' ? step + 1 : this.#key();
    return true;
  }

  #key(): string {
    if (this.#text[this.#at] !== '"') this.#fail('expected a key in double quotes');
    const start = this.#at;
    this.#string();
    const key: unknown = JSON.parse(this.#text.slice(start, this.#at));
    this.#skip(space);
    if (!this.#take(':')) this.#fail('expected ":" after the key');
    return String(key);
  }

  #string(): void {
    const start = this.#at;
    this.#at += 1;
    while (!this.#take('"')) {
      const code = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(code)) this.#failAt(start, 'a string that is not closed');
      else if (code === 0x0a || code === 0x0d)
        this.#failAt(this.#at, 'a line break in a string, or its closing quote is missing');
      else if (code < 0x20)
        this.#failAt(this.#at, 'a control character in a string, which must be written as \\u00…');
      else if (code !== 0x5c) this.#at += 1;
      else if (!this.#skip(escaped)) this.#failAt(this.#at, 'a backslash in a string that starts no escape');
    }
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  #fail(expected: string): never {
    const found = this.#text.codePointAt(this.#at);
    if (found === undefined) this.#failAt(this.#at, `the text ends too early: ${expected}`);
    const character = String.fromCodePoint(found);
    if (this.#text.startsWith('//', this.#at) || this.#text.startsWith('/*', this.#at)) {
      this.#failAt(this.#at, 'a comment, which JSON does not have');
    }
    this.#failAt(this.#at, `unexpected ${show(character, found)}: ${expected}`);
  }

  #failAt(offset: number, message: string): never {
    throw new ScanError(offset, message);
  }
}

function show(character: string, code: number): string {
  if (/[\p{C}\p{Z}]/u.test(character)) return `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  if (character === '"') return 'double quote';
  return character === "'" ? 'single quote' : `"${character}"`;
}
