import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import type { Fault } from './document.ts';
import { kindOf } from './file-kind.ts';
import { parseFile } from './parse.ts';
import { problemLine } from './problems.ts';
import { placeOfUri, type SchemaPlace, uriOf } from './schema-place.ts';

/** A schema that cannot be used; the message starts with its file. */
export class SchemaFault extends Error {
  constructor({ path }: SchemaPlace, fault: Fault | string) {
    super(problemLine(path, typeof fault === 'string' ? { message: fault } : fault));
  }
}

export type SchemaDocument = boolean | { readonly [keyword: string]: unknown };
export type Draft = 'draft-07' | '2020-12';

const drafts: ReadonlyMap<string, { readonly draft: Draft; readonly uri: string }> = new Map([
  ['json-schema.org/draft-07/schema', { draft: 'draft-07', uri: 'http://json-schema.org/draft-07/schema' }],
  [
    'json-schema.org/draft/2020-12/schema',
    { draft: '2020-12', uri: 'https://json-schema.org/draft/2020-12/schema' },
  ],
]);

export interface SchemaSet {
  readonly directory: string;
  readonly files: ReadonlySet<string>;
}

/** The files of one schema: itself, and what it refers to. None is fetched over the network. */
export class SchemaFiles {
  readonly #set: SchemaSet;
  readonly #root: SchemaPlace;
  /** The base URI of each schema read, up to its last `/`, and the place that stands for it. */
  readonly #bases = new Map<string, string>();

  constructor(set: SchemaSet, root: SchemaPlace) {
    this.#set = set;
    this.#root = root;
  }

  /** The schema itself, and the draft that it and all it refers to must be of; without `$schema`, 2020-12. */
  async readRoot(): Promise<{ readonly schema: SchemaDocument; readonly draft: Draft }> {
    const document = await this.#read(this.#root);
    return {
      schema: this.#identify(document, this.#root),
      draft: draftOf(document, this.#root) ?? '2020-12',
    };
  }

  /** A schema that is referred to by its URI. */
  async readReferred(uri: string, draft: Draft): Promise<SchemaDocument> {
    const place = placeOfUri(this.#beside(uri));
    if (place === undefined) {
      throw new SchemaFault(
        this.#root,
        `it refers to ${uri}, and schemas are not fetched: put it beside this one, and refer to it by its path`,
      );
    }
    if (this.#root.inSet && !place.inSet) {
      throw new SchemaFault(this.#root, `it refers to ${place.path}, which is outside of the set`);
    }
    const document = await this.#read(place);
    const other = draftOf(document, place) ?? draft;
    if (other !== draft) throw new SchemaFault(place, `it is of ${other}, and what refers to it of ${draft}`);
    return this.#identify(document, place);
  }

  /** What a URI below the `$id` of a schema read before is, by the place of that schema. */
  #beside(uri: string): string {
    for (const [base, place] of this.#bases) {
      if (uri.startsWith(base)) return place + uri.slice(base.length);
    }
    return uri;
  }

  async #read(place: SchemaPlace): Promise<SchemaDocument> {
    if (place.inSet && !this.#set.files.has(place.path)) {
      throw new SchemaFault(place, 'the schema is not a file of the set');
    }
    const path = place.inSet ? join(this.#set.directory, place.path) : place.path;
    const parsed = await readParsed(path, place);
    if (parsed.kind === 'faulty') {
      const [fault = { message: 'it does not parse' }] = parsed.faults;
      throw new SchemaFault(place, { ...fault, message: `the schema does not parse: ${fault.message}` });
    }
    const [first, second] = parsed.documents;
    const document = first?.value();
    if (second !== undefined || !isSchema(document)) throw new SchemaFault(place, 'it is no JSON Schema');
    return document;
  }

  /** Gives a schema an absolute `$id` and the exact name of its draft, which is how the compiler finds both. */
  #identify(document: SchemaDocument, place: SchemaPlace): SchemaDocument {
    if (typeof document === 'boolean') return document;
    const own = uriOf(place);
    const given = document['$id'];
    const id = typeof given === 'string' && URL.canParse(given, own) ? new URL(given, own).href : own;
    this.#bases.set(directoryOf(id), directoryOf(own));
    const known = draftNamed(document['$schema']);
    return { ...document, $id: id, ...(known === undefined ? {} : { $schema: known.uri }) };
  }
}

async function readParsed(path: string, place: SchemaPlace): ReturnType<typeof parseFile> {
  try {
    return await parseFile(path, kindOf(path) ?? 'yaml', { followLinks: !place.inSet });
  } catch (error) {
    throw new SchemaFault(place, `the schema cannot be read (${systemCode(error) ?? String(error)})`);
  }
}

function isSchema(document: unknown): document is SchemaDocument {
  return (
    typeof document === 'boolean' ||
    (typeof document === 'object' && document !== null && !Array.isArray(document))
  );
}

function draftOf(document: SchemaDocument, place: SchemaPlace): Draft | undefined {
  const name = typeof document === 'boolean' ? undefined : document['$schema'];
  if (name === undefined) return undefined;
  const known = draftNamed(name);
  if (known === undefined) {
    throw new SchemaFault(place, `its "$schema" is ${JSON.stringify(name)}; known are draft-07 and 2020-12`);
  }
  return known.draft;
}

function draftNamed(name: unknown) {
  return typeof name === 'string'
    ? drafts.get(name.replace(/^https?:\/\//, '').replace(/#$/, ''))
    : undefined;
}

function directoryOf(uri: string): string {
  return uri.slice(0, uri.lastIndexOf('/') + 1);
}
