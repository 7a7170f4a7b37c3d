/**
 * Tells what comes twice. What comes in order cannot, and most listings do: those are spared the hashing, and what
 * came before is packed, so that no string of it keeps the text of its page.
 */
export class Distinct {
  #last: string | undefined;
  readonly #packed: Buffer[] = [];
  #recent: string[] = [];
  #all: Set<string> | undefined;

  /** False when it was there before. */
  add(item: string): boolean {
    if (this.#all === undefined && (this.#last === undefined || item > this.#last)) {
      this.#last = item;
      this.#recent.push(item);
      return true;
    }
    this.#all ??= new Set([...this.#packed.flatMap(unpacked), ...this.#recent]);
    return this.#all.size < this.#all.add(item).size;
  }

  /** A page is over. */
  pack(): void {
    if (this.#recent.length > 0) this.#packed.push(Buffer.from(JSON.stringify(this.#recent)));
    this.#recent = [];
  }
}

function unpacked(items: Buffer): readonly string[] {
  return JSON.parse(items.toString('utf8')) as readonly string[];
}
