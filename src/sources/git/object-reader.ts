import { lazyCrypto } from '../../platform/lazy-crypto.ts';
import { type GroupProcess, spawnGroup } from '../../platform/process-group.ts';
import { ByteReader } from './byte-reader.ts';
import { DamageError } from './damage.ts';
import { isObjectId } from './refs.ts';

export type ObjectType = 'commit' | 'tree' | 'blob' | 'tag';

export interface ObjectHead {
  readonly oid: string;
  readonly type: ObjectType;
  readonly size: number;
}

/** `objects` answers each question at once; `bulk` and `heads` (without contents) when all are asked. */
const flags = {
  objects: ['--batch'],
  bulk: ['--batch', '--buffer'],
  heads: ['--batch-check', '--buffer'],
} as const;

/** A clone as git reads it. */
export interface ReadableClone {
  readonly directory: string;
  /** Names the clone as the directory in which git is started. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * One `git cat-file --batch`: objects are asked for by name and come in that order. Names are object names with
 * git's suffixes, never paths. Every content is checked against its name. Whatever goes wrong is a `DamageError`.
 */
export class ObjectReader implements AsyncDisposable {
  readonly #group: GroupProcess;
  readonly #signal: AbortSignal;
  readonly #reader: ByteReader;

  /** It stands in the clone's directory, and so follows it when that is renamed. */
  constructor(clone: ReadableClone, mode: keyof typeof flags, signal: AbortSignal) {
    const { directory: cwd, env } = clone;
    this.#group = spawnGroup('git', ['cat-file', ...flags[mode]], { cwd, env, signal });
    this.#signal = signal;
    this.#reader = new ByteReader(this.#group.child.stdout);
  }

  /** Asks for objects; the answers are to be read in this order, each head and then its content. */
  ask(names: readonly string[]): void {
    if (names.length > 0) this.#group.child.stdin.write(`${names.join('\n')}\n`);
  }

  /** Nothing more will be asked. */
  askNoMore(): void {
    this.#group.child.stdin.end();
  }

  /** The next answer's head; undefined when there is no such object. */
  async head(): Promise<ObjectHead | undefined> {
    const line = await this.#guard(this.#reader.line());
    const head = headOf(line);
    if (head !== undefined) return head;
    if (line.endsWith(' missing')) return undefined;
    throw new DamageError(`git cat-file answered ${JSON.stringify(line.slice(0, 200))}`);
  }

  /**
   * The next answer whole, if all of it has arrived; nothing is taken otherwise. Of thousands of small objects most have,
   * and a promise each would cost more than they do.
   */
  arrived(): { readonly head: ObjectHead; readonly content: Buffer } | undefined {
    const line = this.#reader.peekLine();
    const head = line === undefined ? undefined : headOf(line);
    if (line === undefined || head === undefined) return undefined;
    const content = this.#reader.takeHeld(line.length + 1, head.size, 1);
    if (content === undefined) return undefined;
    check(head, content);
    return { head, content };
  }

  /** The whole content of the object whose head was read. */
  async content(head: ObjectHead): Promise<Buffer> {
    const content = await this.#guard(this.#reader.bytes(head.size));
    await this.#guard(this.#reader.bytes(1));
    check(head, content);
    return content;
  }

  /** The same in pieces; the last piece is followed by the check. */
  async *stream(head: ObjectHead): AsyncGenerator<Buffer, void, void> {
    const hash = hashOf(head);
    const pieces = this.#reader.stream(head.size);
    for (;;) {
      const { done, value } = await this.#guard(pieces.next());
      if (done === true) break;
      hash.update(value);
      yield value;
    }
    await this.#guard(this.#reader.bytes(1));
    if (hash.digest('hex') !== head.oid) throw corrupt(head);
  }

  /** The next answer whole; it must be there, and of this type. */
  async expect(type: ObjectType): Promise<{ readonly oid: string; readonly content: Buffer }> {
    const head = await this.head();
    if (head === undefined) throw new DamageError(`a ${type} is missing`);
    if (head.type !== type) throw new DamageError(`${head.oid} is a ${head.type}, not a ${type}`);
    return { oid: head.oid, content: await this.content(head) };
  }

  /** Ends it, whatever it does. */
  end(): void {
    this.#group[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
    await this.#group.ended.catch(() => undefined);
  }

  /** Reading fails when git has ended early, for which its last words are the reason. */
  async #guard<T>(reading: Promise<T>): Promise<T> {
    try {
      return await reading;
    } catch (error) {
      this.#signal.throwIfAborted();
      const { code, stderr } = await this.#group.ended;
      throw new DamageError(`git cat-file ended with ${code ?? 'a signal'}: ${stderr.trim()}`, error);
    }
  }
}

function headOf(line: string): ObjectHead | undefined {
  const match = /^([0-9a-f]+) (commit|tree|blob|tag) (\d+)$/.exec(line);
  if (match?.[1] === undefined || !isObjectId(match[1])) return undefined;
  return { oid: match[1], type: match[2] as ObjectType, size: Number(match[3]) };
}

function check(head: ObjectHead, content: Buffer): void {
  if (hashOf(head).update(content).digest('hex') !== head.oid) throw corrupt(head);
}

function hashOf({ oid, type, size }: ObjectHead) {
  return lazyCrypto()
    .createHash(oid.length === 64 ? 'sha256' : 'sha1')
    .update(`${type} ${size}\0`);
}

function corrupt({ oid, type }: ObjectHead): DamageError {
  return new DamageError(`the ${type} ${oid} is corrupt`);
}
