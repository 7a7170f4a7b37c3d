import { MissingError, UnsettledError } from '../../../failure/failure.ts';
import type { Revision } from '../../../snapshot/entry.ts';
import type { GetAnswer, GetRequest, ObjectBody, ObjectHead, Store } from '../store/store.ts';
import { type FixedState, revisionOf } from './revision.ts';
import type { Seen, SeenFile } from './seen-file.ts';

export interface WatchedOptions {
  readonly store: Store;
  readonly key: string;
  /** What named the key, for errors: `WHERRY_S3_OBJECT`. */
  readonly setting: string;
  readonly seenFile: SeenFile;
  /** One state of it, in the place of the newest. */
  readonly at: FixedState | undefined;
  /** Reads the content of a new state, for a name of its own; else the state is called by version or ETag. */
  readonly name?: (head: ObjectHead, body: ObjectBody, signal: AbortSignal) => Promise<Revision>;
}

/** `isNew`: it is another one than at the last look, of this process or the one before it. */
export interface Look extends Seen {
  readonly isNew: boolean;
}

/** An unread answer keeps a connection, and a store gives up on it: it is let go after this. Milliseconds. */
const holdBodyFor = 5000;

/**
 * One key that is polled with conditional GETs. The answer to a poll that finds a new object holds its content
 * already: it is held for a moment, for whoever opens the object next.
 */
export class WatchedObject implements AsyncDisposable {
  readonly #options: WatchedOptions;
  #seen: Seen | undefined;
  #hasLooked = false;
  #held: { readonly body: ObjectBody; readonly timer: NodeJS.Timeout } | undefined;

  constructor(options: WatchedOptions) {
    this.#options = options;
  }

  /** One conditional GET; none for a fixed state that was seen before. Throws `MissingError` when it is not there. */
  async look(signal: AbortSignal): Promise<Look> {
    const { at, seenFile } = this.#options;
    const isFirst = !this.#hasLooked;
    if (isFirst && at === undefined) this.#seen ??= await seenFile.read();
    if (at !== undefined && this.#seen !== undefined) return { ...this.#seen, isNew: false };
    const known = this.#seen;
    const answer = await this.#get({ ifNoneMatch: known?.head.etag }, signal);
    this.#hasLooked = true;
    if (answer.kind === 'unchanged' && known !== undefined) return { ...known, isNew: false };
    if (answer.kind !== 'found') throw this.#gone();
    const { head } = answer;
    this.#seen = { head, revision: await this.#name(head, answer.body, signal) };
    if (at === undefined) await seenFile.write(this.#seen);
    return { ...this.#seen, isNew: true };
  }

  /** What was seen last; the first time a look. */
  async current(signal: AbortSignal): Promise<Seen> {
    return (this.#hasLooked ? this.#seen : undefined) ?? (await this.look(signal));
  }

  /** Whether it is still what was seen last, by one conditional GET. */
  async isStill({ etag }: ObjectHead, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#get({ ifNoneMatch: etag }, signal);
    if (answer.kind === 'found') answer.body[Symbol.dispose]();
    return answer.kind === 'unchanged';
  }

  /** The content of the newest state, to be read or disposed of by the caller. */
  async open(signal: AbortSignal): Promise<Seen & { readonly body: ObjectBody }> {
    const seen = await this.current(signal);
    const held = this.#takeHeld(signal);
    if (held !== undefined) return { ...seen, body: held };
    const answer = await this.#get({ ifMatch: seen.head.etag }, signal);
    if (answer.kind === 'found') return { ...seen, body: answer.body };
    // It was replaced since: the newer one it is.
    const newer = await this.look(signal);
    const body = this.#takeHeld(signal);
    if (body !== undefined) return { ...newer, body };
    throw this.replaced();
  }

  /** What was listed and what is read are of two states. */
  replaced(): UnsettledError {
    return new UnsettledError({
      setting: this.#options.setting,
      problem: `${this.#display} was replaced while it was read`,
      cure: 'it is read again at the next try',
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#takeHeld()?.[Symbol.dispose]();
  }

  get #display(): string {
    return `"${this.#options.key}" in ${this.#options.store.display}`;
  }

  #get(conditions: Pick<GetRequest, 'ifMatch' | 'ifNoneMatch'>, signal: AbortSignal): Promise<GetAnswer> {
    const { store, key, setting, at } = this.#options;
    const fixed: Pick<GetRequest, 'versionId' | 'ifMatch'> =
      at === undefined ? {} : at.kind === 'version' ? { versionId: at.versionId } : { ifMatch: at.etag };
    return store.get({ key, setting, ...conditions, ...fixed }, signal);
  }

  #hold(body: ObjectBody): void {
    this.#takeHeld()?.[Symbol.dispose]();
    const timer = setTimeout(() => this.#takeHeld()?.[Symbol.dispose](), holdBodyFor).unref();
    this.#held = { body, timer };
  }

  /** The body that is held obeys the signal of the look; from now on this one ends it. */
  #takeHeld(signal?: AbortSignal): ObjectBody | undefined {
    const { body, timer } = this.#held ?? {};
    this.#held = undefined;
    clearTimeout(timer);
    if (body !== undefined) signal?.addEventListener('abort', () => body[Symbol.dispose](), { once: true });
    return body;
  }

  async #name(head: ObjectHead, body: ObjectBody, signal: AbortSignal): Promise<Revision> {
    const { name } = this.#options;
    if (name === undefined) {
      this.#hold(body);
      return revisionOf(head);
    }
    try {
      return await name(head, body, signal);
    } finally {
      body[Symbol.dispose]();
    }
  }

  #gone(): MissingError {
    const { at, setting } = this.#options;
    const wanted = at?.kind === 'etag' ? `with the ETag ${at.etag}` : 'as it was asked for';
    return new MissingError({
      setting,
      problem: `${this.#display} is no longer there ${wanted}`,
      cure: 'only a versioned bucket keeps what was replaced',
    });
  }
}
