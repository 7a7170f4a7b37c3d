import { type Document, isScalar, parseAllDocuments } from 'yaml';
import type { Fault, Parsed, ParsedDocument } from './document.ts';
import { positionAt } from './position.ts';
import { faultsOfNodes, offsetOf } from './yaml-nodes.ts';

/** Every document of a YAML stream. Unknown tags are allowed, merge keys are merged. */
export function parseYaml(text: string): Parsed {
  const stream = parseAllDocuments(text, {
    merge: true,
    // The parser's own check compares each key with every other.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const documents: readonly Document.Parsed[] = 'empty' in stream ? [] : stream;
  const faults =
    'empty' in stream
      ? stream.errors.slice(0, 1).map((error) => faultOf(text, error))
      : documents.flatMap((document) => faultsOf(text, document));
  if (faults.length > 0) return { kind: 'faulty', faults };
  const filled = documents.filter((document) => !isEmpty(document));
  return {
    kind: 'documents',
    documents: filled.length > 0 ? filled.map((one) => toParsed(text, one)) : [nothing],
  };
}

/** What a stream without content means. */
const nothing: ParsedDocument = { value: () => null, locate: () => ({ line: 1, column: 1 }) };

/** Of what the parser says of a document only the first thing: the others mostly follow from it. */
function faultsOf(text: string, document: Document.Parsed): readonly Fault[] {
  const exhausted = document.errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  const error = exhausted ?? document.errors[0];
  if (error !== undefined) return [faultOf(text, error)];
  return faultsOfNodes(document).map(({ offset, message }) => ({
    position: positionAt(text, offset),
    message,
  }));
}

function faultOf(text: string, error: Document.Parsed['errors'][number]): Fault {
  const message = error.code === 'RESOURCE_EXHAUSTION' ? 'it is nested too deeply' : error.message;
  return { position: positionAt(text, error.pos[0]), message };
}

/** A separator with nothing behind it. */
function isEmpty({ contents }: Document.Parsed): boolean {
  return contents === null || (isScalar(contents) && contents.value === null && contents.source === '');
}

function toParsed(text: string, document: Document.Parsed): ParsedDocument {
  return {
    // How much aliases may expand was checked before.
    value: () => document.toJS({ maxAliasCount: -1 }),
    locate: (path) => positionAt(text, offsetOf(document, path)),
  };
}
