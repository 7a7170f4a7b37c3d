/** What a child says, of which the beginning and the end are kept: enough for a message, no burden when it floods. */
export class BoundedOutput {
  readonly #headLimit: number;
  readonly #tailLimit: number;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #leftOut = 0;

  constructor(limit: number) {
    this.#headLimit = limit >> 1;
    this.#tailLimit = limit - this.#headLimit;
  }

  add(chunk: Buffer): void {
    const room = this.#headLimit - this.#head.byteLength;
    if (room > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, room)]);
    const rest = Buffer.concat([this.#tail, chunk.subarray(Math.max(room, 0))]);
    const excess = Math.max(rest.byteLength - this.#tailLimit, 0);
    this.#leftOut += excess;
    this.#tail = rest.subarray(excess);
  }

  toString(): string {
    if (this.#leftOut === 0) return Buffer.concat([this.#head, this.#tail]).toString('utf8');
    const head = this.#head.subarray(0, endOfCharacters(this.#head));
    const tail = this.#tail.subarray(startOfCharacters(this.#tail));
    const cut = this.#head.byteLength - head.byteLength + this.#tail.byteLength - tail.byteLength;
    return `${head.toString('utf8')} … ${this.#leftOut + cut} bytes left out … ${tail.toString('utf8')}`;
  }
}

/** The last characters of a text that has at most so many bytes; what is left out becomes `…`. */
export function lastBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text);
  if (bytes.byteLength <= limit) return text;
  const tail = bytes.subarray(-limit);
  return `… ${tail.subarray(startOfCharacters(tail)).toString('utf8')}`;
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

/** Where the first whole character of a UTF-8 text starts that was cut off in front. */
function startOfCharacters(bytes: Buffer): number {
  let start = 0;
  while (start < 3 && isContinuation(bytes[start])) start += 1;
  return start;
}

/** Where the last whole character ends of one that was cut off behind. */
function endOfCharacters(bytes: Buffer): number {
  let lead = bytes.byteLength - 1;
  while (lead > bytes.byteLength - 4 && isContinuation(bytes[lead])) lead -= 1;
  const first = bytes[lead] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return lead + length > bytes.byteLength ? lead : bytes.byteLength;
}
