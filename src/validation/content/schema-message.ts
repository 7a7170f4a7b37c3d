import type { ErrorObject } from 'ajv/dist/core.js';
import type { Fault, ParsedDocument } from './document.ts';

const longestValue = 60;

/** What a schema says against a document: where, the JSON pointer, and the message. The document's values are not told. */
export function faultOfError(error: ErrorObject, document: ParsedDocument): Fault {
  const { instancePath, params } = error;
  const surplus = surplusOf(params);
  const path = instancePath.split('/').slice(1).map(stepOf);
  const position = document.locate(surplus === undefined ? path : [...path, surplus]);
  const pointer = instancePath === '' ? '' : `${instancePath} `;
  return { position, message: `${pointer}${messageOf(error, surplus)}` };
}

/** Keywords that only tell that another one has failed. */
export function isEcho({ keyword }: ErrorObject): boolean {
  return keyword === 'if';
}

function messageOf(
  { keyword, message = 'is not valid', params }: ErrorObject,
  surplus: string | undefined,
): string {
  if (surplus !== undefined) return `${message}: ${show(surplus)}`;
  if (keyword === 'enum' && Array.isArray(params['allowedValues'])) {
    const values: readonly unknown[] = params['allowedValues'];
    const more = values.length > 5 ? ', …' : '';
    return `${message}: ${values.slice(0, 5).map(show).join(', ')}${more}`;
  }
  if (keyword === 'const') return `${message} ${show(params['allowedValue'])}`;
  return message;
}

/** A property that should not be there. */
function surplusOf(params: Record<string, unknown>): string | undefined {
  const name = params['additionalProperty'] ?? params['unevaluatedProperty'];
  return typeof name === 'string' ? name : undefined;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function stepOf(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~');
}
