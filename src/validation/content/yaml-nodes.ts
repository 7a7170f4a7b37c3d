import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, type Pair, type YAMLMap } from 'yaml';

export interface NodeFault {
  readonly offset: number;
  readonly message: string;
}

/** How many more values the aliases of one document may stand for than it has. */
const mostExpanded = 1_000_000;

/** What a document that parsed is refused for: aliases of nothing, of themselves, of too much; keys that stand twice. */
export function faultsOfNodes(document: Document.Parsed): readonly NodeFault[] {
  const walk = new Walk();
  walk.sizeOf(document.contents);
  return walk.faults;
}

class Walk {
  readonly faults: NodeFault[] = [];
  /** How many values an anchor stands for, all aliases in it expanded. */
  readonly #sizes = new Map<string, number>();
  readonly #open = new Set<string>();
  #expanded = 0;

  /** Visits a node in the document's order. */
  sizeOf(node: unknown): number {
    if (isAlias(node)) return this.#sizeOfAlias(node);
    const anchor = isMap(node) || isSeq(node) || isScalar(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#open.add(anchor);
    let size = 1;
    if (isMap(node)) {
      this.#checkKeys(node);
      for (const { key, value } of node.items) size += this.sizeOf(key) + this.sizeOf(value);
    } else if (isSeq(node)) for (const item of node.items) size += this.sizeOf(item);
    if (anchor !== undefined) {
      this.#open.delete(anchor);
      this.#sizes.set(anchor, size);
    }
    return size;
  }

  #sizeOfAlias(alias: Alias): number {
    const { source } = alias;
    const size = this.#open.has(source) ? undefined : this.#sizes.get(source);
    if (size === undefined) {
      const isInside = this.#open.has(source);
      const message = isInside
        ? `the alias *${source} stands inside of what it names`
        : `no anchor &${source} stands before the alias *${source}`;
      this.faults.push({ offset: startOf(alias), message });
      return 1;
    }
    const before = this.#expanded;
    this.#expanded += size;
    if (before <= mostExpanded && this.#expanded > mostExpanded) {
      const message = `the aliases up to *${source} stand for more than ${mostExpanded} values`;
      this.faults.push({ offset: startOf(alias), message });
    }
    return size;
  }

  #checkKeys(map: YAMLMap): void {
    const seen = new Set<unknown>();
    for (const { key } of map.items) {
      if (!isScalar(key) || key.value === '<<' || typeof key.value === 'symbol') continue;
      if (seen.has(key.value)) {
        const message = `the key ${JSON.stringify(String(key.value))} stands twice in one mapping`;
        this.faults.push({ offset: startOf(key), message });
      }
      seen.add(key.value);
    }
  }
}

/** Where the value with this path starts, or the nearest one around it that stands in the text. */
export function offsetOf(document: Document.Parsed, path: readonly string[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    const pair = isMap(node) ? node.items.find((item) => nameOf(item) === step) : undefined;
    const next = isSeq(node) ? node.items[Number(step)] : pair?.value;
    if (next === undefined || next === null) return pair === undefined ? offset : startOf(pair.key, offset);
    node = next;
    offset = startOf(node, offset);
  }
  return offset;
}

/** The name that a key has as JSON. */
function nameOf({ key }: Pair): string | undefined {
  if (!isScalar(key)) return undefined;
  return key.value === null ? '' : String(key.value);
}

function startOf(node: unknown, otherwise = 0): number {
  const range = isAlias(node) || isMap(node) || isSeq(node) || isScalar(node) ? node.range : undefined;
  return range?.[0] ?? otherwise;
}
