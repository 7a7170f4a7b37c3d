import { Failure, MissingError } from '../../../failure/failure.ts';
import type { Revision } from '../../../snapshot/entry.ts';
import { fixedStateOf, revisionOf } from '../layouts/revision.ts';
import type { SeenFile } from '../layouts/seen-file.ts';
import { WatchedObject } from '../layouts/watched-object.ts';
import type { ETag, ObjectBody, ObjectHead, Store } from '../store/store.ts';
import { documentKey } from './document.ts';
import type { DocumentName } from './json-place.ts';
import {
  isWanted,
  largestPointer,
  type Pointer,
  parsePointer,
  releaseRevision,
  tooLarge,
  type WantedRelease,
  wantedReleaseOf,
} from './pointer.ts';
import { readBytes } from './read-bytes.ts';

export interface PointerObjectOptions {
  readonly store: Store;
  readonly key: string;
  readonly setting: string;
  readonly seenFile: SeenFile;
  /** `version:…`, `etag:…` or `release:…`, in the place of what it says now. */
  readonly at: Revision | undefined;
  /** What asks for that state, for errors: `WHERRY_S3_AS_OF`. */
  readonly askedBy: string;
}

/** What a pointer says, and where it was. */
export interface Said {
  readonly revision: Revision;
  readonly head: ObjectHead;
  readonly pointer: Pointer;
}

/** What was read of one state of it: what it says, or why it cannot be understood. */
interface Reading {
  readonly etag: ETag;
  readonly bytes: Buffer;
  readonly outcome: Pointer | Failure;
}

/** The object that a pointer is: polled by conditional GETs, read when it is another one. */
export class PointerObject implements AsyncDisposable {
  readonly #options: PointerObjectOptions;
  readonly #object: WatchedObject;
  readonly #wanted: WantedRelease | undefined;
  /** From the look that found it until it is asked for. */
  #reading: Reading | undefined;
  /** A release of before, once it was found: it cannot change. */
  #found: Said | undefined;

  constructor(options: PointerObjectOptions) {
    const { at, askedBy, store, key, setting, seenFile } = options;
    this.#options = options;
    this.#wanted = at === undefined ? undefined : wantedReleaseOf(at);
    const fixed = at === undefined ? undefined : fixedStateOf(at);
    if (at !== undefined && fixed === undefined && this.#wanted === undefined) throw noState(at, askedBy);
    this.#object = new WatchedObject({
      store,
      key,
      setting: fixed === undefined ? setting : askedBy,
      seenFile,
      at: fixed,
      name: (head, body) => this.#read(head, body),
    });
  }

  /** Which state is there now? One conditional GET. */
  async look(signal: AbortSignal): Promise<Revision> {
    if (this.#wanted !== undefined) return (await this.#findWanted(this.#wanted, signal)).revision;
    return (await this.#object.look(signal)).revision;
  }

  /** What the state that was seen last says. Throws `RefusedError` where nobody can understand it. */
  async say(signal: AbortSignal): Promise<Said> {
    return this.#wanted === undefined ? this.#current(signal) : this.#findWanted(this.#wanted, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#object[Symbol.asyncDispose]();
  }

  async #current(signal: AbortSignal): Promise<Said> {
    return (await this.#currentReading(signal)).said;
  }

  async #currentReading(signal: AbortSignal): Promise<{ readonly said: Said; readonly bytes: Buffer }> {
    const seen = await this.#object.current(signal);
    if (this.#reading?.etag !== seen.head.etag) {
      const { body, head } = await this.#object.open(signal);
      using _body = body;
      await this.#read(head, body);
    }
    const reading = this.#reading;
    // It is large, and needed once.
    this.#reading = undefined;
    if (reading === undefined) throw this.#object.replaced();
    const { outcome, bytes } = reading;
    if (outcome instanceof Failure) throw outcome;
    const { head, revision } = await this.#object.current(signal);
    return { said: { revision, head, pointer: outcome }, bytes };
  }

  /** Reads a state of the pointer, and names it: a release by its own name, else as the store does. */
  async #read(head: ObjectHead, body: ObjectBody): Promise<Revision> {
    const bytes = (await readBytes({ head, body }, largestPointer)) ?? Buffer.alloc(0);
    const isWhole = bytes.byteLength === head.size;
    const outcome = isWhole ? this.#parse(bytes) : tooLarge(this.#name(head.key), largestPointer);
    this.#reading = { etag: head.etag, bytes, outcome };
    const isRelease = !(outcome instanceof Failure) && outcome.kind === 'release';
    return isRelease ? releaseRevision(outcome.release, bytes) : revisionOf(head);
  }

  #parse(bytes: Buffer): Pointer | Failure {
    const { key } = this.#options;
    try {
      return parsePointer(bytes, this.#name(key), key);
    } catch (error) {
      if (error instanceof Failure) return error;
      throw error;
    }
  }

  /** The pointer itself if it still names the release; else the document of it that stays. */
  async #findWanted(wanted: WantedRelease, signal: AbortSignal): Promise<Said> {
    if (this.#found !== undefined) return this.#found;
    await this.#object.look(signal);
    const { said, bytes } = await this.#currentReading(signal);
    const { pointer } = said;
    const release = pointer.kind === 'release' ? pointer.release : undefined;
    const isHere = release !== undefined && isWanted(release, bytes, wanted);
    this.#found = isHere ? said : await this.#readKept(wanted, release?.releases, signal);
    return this.#found;
  }

  async #readKept(wanted: WantedRelease, releases: string | undefined, signal: AbortSignal): Promise<Said> {
    const { store, askedBy } = this.#options;
    if (releases === undefined) throw this.#gone(wanted, 'and it does not say where earlier releases are');
    const key = documentKey(releases, wanted.rev);
    const answer = await store.get({ key, setting: askedBy }, signal).catch((error: unknown) => {
      const isKey = error instanceof MissingError && error.details.setting === askedBy;
      throw isKey ? this.#gone(wanted, `and ${JSON.stringify(key)} is not there`, error) : error;
    });
    if (answer.kind !== 'found') throw this.#gone(wanted, `and ${JSON.stringify(key)} could not be read`);
    using body = answer.body;
    const { head } = answer;
    const document = this.#name(key);
    const bytes = await readBytes({ head, body }, largestPointer);
    if (bytes === undefined) throw tooLarge(document, largestPointer);
    const pointer = parsePointer(bytes, document, key);
    if (pointer.kind !== 'release' || !isWanted(pointer.release, bytes, wanted)) {
      throw this.#gone(wanted, `and what is kept as ${JSON.stringify(key)} is another one`);
    }
    return { revision: releaseRevision(pointer.release, bytes), head, pointer };
  }

  #name(key: string): DocumentName {
    const { store, setting, key: own } = this.#options;
    const what = key === own ? 'the pointer' : 'the document';
    return { setting, display: `${what} ${JSON.stringify(key)} in ${store.display}` };
  }

  #gone({ rev, sum }: WantedRelease, why: string, cause?: Error): MissingError {
    const { askedBy, key, store } = this.#options;
    const wanted = sum === undefined ? rev : `${rev}@${sum}`;
    return new MissingError({
      setting: askedBy,
      problem: `the pointer ${JSON.stringify(key)} in ${store.display} no longer names the release ${wanted}, ${why}`,
      cure: 'name a release that `wherry release --list` shows',
      cause,
    });
  }
}

function noState(at: Revision, setting: string): MissingError {
  return new MissingError({
    setting,
    problem: `"${at}" is no state of a pointer`,
    cure: 'name it as the status does: release:…, version:… or etag:…',
  });
}
