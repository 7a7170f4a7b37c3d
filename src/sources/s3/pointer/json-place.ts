import { RefusedError } from '../../../failure/failure.ts';
import { oneLine } from '../../../platform/one-line.ts';

/** Which document is read, for errors. */
export interface DocumentName {
  /** What named it: `WHERRY_S3_POINTER`. */
  readonly setting: string;
  /** `the pointer "current" in s3://bucket`. */
  readonly display: string;
}

/** A value in a JSON document, that knows where it stands: what is wrong with it is told with both. */
export class JsonPlace {
  readonly #document: DocumentName;
  readonly #parent: JsonPlace | undefined;
  readonly #name: string | number;
  readonly value: unknown;

  private constructor(
    document: DocumentName,
    value: unknown,
    parent: JsonPlace | undefined,
    name: string | number,
  ) {
    this.#document = document;
    this.value = value;
    this.#parent = parent;
    this.#name = name;
  }

  /** Throws `RefusedError` for what is no JSON. */
  static parse(text: string, document: DocumentName): JsonPlace {
    try {
      return new JsonPlace(document, JSON.parse(text), undefined, '');
    } catch (error) {
      const found = error instanceof Error ? shortened(oneLine(error.message)) : 'not JSON';
      throw refusedDocument(document, `is not valid JSON: ${found}`);
    }
  }

  /** A field that must be there. */
  field(name: string): JsonPlace {
    const found = this.optional(name);
    if (found === undefined) throw this.#refused(`has no field "${name}"`);
    return found;
  }

  /** Undefined when there is none; `null` counts as none. */
  optional(name: string): JsonPlace | undefined {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.unlike('an object');
    const entry: unknown = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    return entry === undefined || entry === null
      ? undefined
      : new JsonPlace(this.#document, entry, this, name);
  }

  items(): readonly JsonPlace[] {
    if (!Array.isArray(this.value)) throw this.unlike('a list');
    return this.value.map((item: unknown, index) => new JsonPlace(this.#document, item, this, index));
  }

  /** A text that passes, or an error with what was expected. */
  text(expected = 'a text', passes: (text: string) => boolean = () => true): string {
    const { value } = this;
    if (typeof value !== 'string' || !value.isWellFormed() || !passes(value)) throw this.unlike(expected);
    return value;
  }

  size(): number {
    const { value } = this;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw this.unlike('a number of bytes');
    return value;
  }

  unlike(expected: string): RefusedError {
    return this.#refused(`is ${shown(this.value)}, not ${expected}`);
  }

  #refused(fault: string): RefusedError {
    const place = this.#pointer();
    return refusedDocument(this.#document, place === '' ? fault : `is wrong at ${place}, which ${fault}`);
  }

  /** RFC 6901. */
  #pointer(): string {
    if (this.#parent === undefined) return '';
    const name = String(this.#name).replaceAll('~', '~0').replaceAll('/', '~1');
    return `${this.#parent.#pointer()}/${name}`;
  }
}

export function refusedDocument({ setting, display }: DocumentName, fault: string): RefusedError {
  return new RefusedError({
    setting,
    problem: `${display} ${fault}`,
    cure: 'let `wherry release` write it, or put the right document there',
  });
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return shortened(JSON.stringify(value));
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
