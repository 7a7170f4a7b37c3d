import { isAscii } from 'node:buffer';
/** The text is not a well-formed document of the kind that S3 writes. */
export class XmlError extends Error {}

const predefined: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

const utf8 = new TextDecoder('utf-8', { fatal: true });
const anythingButSpace = /[^ \t\r\n]/g;
const tagName = /^(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)$/;
/** One after the other, each between spaces; a `>` may stand inside the quotes. */
const attributes = /(?:[ \t\r\n]+[A-Za-z_][\w.:-]*[ \t\r\n]*=[ \t\r\n]*(?:"[^"<]*"|'[^'<]*'))*[ \t\r\n]*/y;

/** Most pages are ASCII, which is had ten times as fast. */
function textOf(document: Uint8Array): string {
  if (!isAscii(document)) return utf8.decode(document);
  return Buffer.from(document.buffer, document.byteOffset, document.byteLength).toString('latin1');
}

/**
 * Walks through a document, element by element, as its reader asks: S3's answers are elements and text. Namespaces and
 * attributes are passed over, document types are refused, and so is whatever is not well-formed, at the latest by `end`.
 */
export class XmlReader {
  readonly #text: string;
  #at = 0;
  /** The names of the elements around the reader as they are written, the innermost last. */
  readonly #open: string[] = [];
  /** The innermost element was written as `<a/>`: its end has been read with its start. */
  #isEmpty = false;
  /** What was written to the local name, for each name that passed. */
  readonly #names = new Map<string, string>();

  constructor(document: Uint8Array) {
    try {
      this.#text = textOf(document);
    } catch (cause) {
      throw new XmlError('it is not UTF-8', { cause });
    }
  }

  /** Enters the outermost element. */
  root(): string {
    this.#passMisc();
    if (this.#at >= this.#text.length) throw new XmlError('it is empty');
    return this.#start();
  }

  /** Enters the next element inside the innermost one; without one, leaves that and returns undefined. */
  child(): string | undefined {
    if (this.#leaveIfEmpty()) return undefined;
    this.#passMisc();
    if (this.#at >= this.#text.length) throw this.#cut();
    if (this.#text.charCodeAt(this.#at + 1) !== 0x2f) return this.#start();
    this.#end();
    return undefined;
  }

  /** Passes what a sticky pattern of whole elements matches from here on, as often as it does. */
  pass(elements: RegExp, take: (found: RegExpExecArray) => void): void {
    if (this.#isEmpty) return;
    // The loop turns a thousand times a page, mostly without a compiler: it keeps to local variables.
    const text = this.#text;
    let end = this.#at;
    elements.lastIndex = end;
    for (let found = elements.exec(text); found !== null; found = elements.exec(text)) {
      end = elements.lastIndex;
      take(found);
    }
    this.#at = end;
  }

  /** The text of the innermost element, which may have no other elements, and leaves it. */
  text(): string {
    if (this.#leaveIfEmpty()) return '';
    let text = this.#run();
    while (this.#text.charCodeAt(this.#at + 1) !== 0x2f) text += this.#section() + this.#run();
    this.#end();
    return text;
  }

  /** Leaves the innermost element, whatever is in it. */
  leave(): void {
    const outer = this.#open.length - 1;
    while (this.#open.length > outer) {
      if (this.#leaveIfEmpty()) continue;
      this.#run();
      const next = this.#text.charCodeAt(this.#at + 1);
      if (next === 0x2f) this.#end();
      else if (next === 0x21 || next === 0x3f) this.#section();
      else this.#start();
    }
  }

  /** Nothing may follow the outermost element. */
  end(): void {
    this.#passMisc();
    if (this.#open.length > 0) throw this.#cut();
    if (this.#at < this.#text.length) throw this.#wrong('something after the end');
  }

  /** Text up to the next `<`, decoded. Line ends stay as they are: a key may hold one. */
  #run(): string {
    const end = this.#text.indexOf('<', this.#at);
    if (end === -1) throw this.#cut();
    const raw = this.#text.slice(this.#at, end);
    this.#at = end;
    return raw.includes('&') ? this.#decode(raw) : raw;
  }

  #decode(written: string): string {
    // Every ETag has two of these, and mostly nothing else has any.
    const raw = written.replaceAll('&quot;', '"');
    return raw.includes('&') ? this.#dereference(raw) : raw;
  }

  #dereference(raw: string): string {
    return raw.replace(/&([^;&]*)(;?)/g, (reference, name: string, end: string) => {
      const text = end === '' ? undefined : (predefined.get(name) ?? numeric(name));
      if (text === undefined) throw this.#wrong(`the reference ${JSON.stringify(reference.slice(0, 20))}`);
      return text;
    });
  }

  /** A comment, an instruction or a CDATA section; the text that it stands for. */
  #section(): string {
    if (this.#text.startsWith('<!--', this.#at)) return this.#passTo('-->', 4, '');
    if (this.#text.startsWith('<?', this.#at)) return this.#passTo('?>', 2, '');
    if (!this.#text.startsWith('<![CDATA[', this.#at)) throw this.#wrong('markup in a text');
    return this.#passTo(']]>', 9, undefined);
  }

  #passTo(mark: string, skipped: number, text: '' | undefined): string {
    const from = this.#at + skipped;
    const end = this.#text.indexOf(mark, from);
    if (end === -1) throw this.#cut();
    this.#at = end + mark.length;
    return text ?? this.#text.slice(from, end);
  }

  /** Passes space, comments and instructions; then a tag follows, or the end. */
  #passMisc(): void {
    for (;;) {
      if (this.#text.charCodeAt(this.#at) !== 0x3c) this.#passSpace();
      if (this.#at === this.#text.length) return;
      if (this.#text.charCodeAt(this.#at) !== 0x3c) throw this.#wrong('text between the elements');
      const next = this.#text.charCodeAt(this.#at + 1);
      if (next !== 0x21 && next !== 0x3f) return;
      if (/^<!(?:doctype|\[)/i.test(this.#text.slice(this.#at, this.#at + 9))) {
        throw this.#wrong('a document type or a section');
      }
      this.#section();
    }
  }

  #start(): string {
    const close = this.#text.indexOf('>', this.#at);
    if (close === -1) throw this.#cut();
    let written = this.#text.slice(this.#at + 1, close);
    let local = this.#names.get(written);
    if (local !== undefined) this.#at = close + 1;
    else {
      written = /^[^ \t\r\n/]*/.exec(written)?.[0] ?? '';
      local = tagName.exec(written)?.[1];
      if (local === undefined) throw this.#wrong('no name of an element');
      this.#names.set(written, local);
      this.#passAttributes(this.#at + 1 + written.length);
    }
    this.#open.push(written);
    return local;
  }

  #passAttributes(from: number): void {
    attributes.lastIndex = from;
    let end = from + (attributes.exec(this.#text)?.[0].length ?? 0);
    this.#isEmpty = this.#text.charCodeAt(end) === 0x2f;
    if (this.#isEmpty) end += 1;
    if (this.#text.charCodeAt(end) !== 0x3e) throw this.#wrong('no end of a tag');
    this.#at = end + 1;
  }

  #end(): void {
    const name = this.#open.pop();
    if (name === undefined || !this.#text.startsWith(name, this.#at + 2)) {
      throw this.#wrong(name === undefined ? 'an end without a start' : `no end of the element ${name}`);
    }
    this.#at += 2 + name.length;
    if (this.#text.charCodeAt(this.#at) !== 0x3e) this.#passSpace();
    if (this.#text.charCodeAt(this.#at) !== 0x3e) throw this.#wrong(`no end of the element ${name}`);
    this.#at += 1;
  }

  #passSpace(): void {
    anythingButSpace.lastIndex = this.#at;
    this.#at = anythingButSpace.exec(this.#text)?.index ?? this.#text.length;
  }

  #leaveIfEmpty(): boolean {
    if (!this.#isEmpty) return false;
    this.#isEmpty = false;
    this.#open.pop();
    return true;
  }

  #cut(): XmlError {
    return new XmlError(`it is cut short after ${this.#text.length} characters`);
  }

  #wrong(what: string): XmlError {
    return new XmlError(`${what} at character ${this.#at}`);
  }
}

/** Control characters too: what is not allowed in XML 1.0 may still be in a key. */
function numeric(name: string): string | undefined {
  const [, hexadecimal, decimal] = /^#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}))$/.exec(name) ?? [];
  const digits = hexadecimal ?? decimal;
  if (digits === undefined) return undefined;
  const point = Number.parseInt(digits, hexadecimal === undefined ? 10 : 16);
  const isScalar = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  return isScalar ? String.fromCodePoint(point) : undefined;
}
