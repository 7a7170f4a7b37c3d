import { parse, TomlDate, TomlError, type TomlValue } from 'smol-toml';
import type { Parsed } from './document.ts';

export function parseToml(text: string): Parsed {
  try {
    const table = parse(text, { integersAsBigInt: 'asNeeded' });
    return { kind: 'documents', documents: [{ value: () => toJson(table), locate: () => undefined }] };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    return { kind: 'faulty', faults: [{ position: { line: error.line, column: error.column }, message }] };
  }
}

/** Dates become text, and integers that JavaScript has no exact number for become the nearest. */
function toJson(value: TomlValue): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object') return value;
  if (value instanceof TomlDate) return value.toISOString();
  if (Array.isArray(value)) return value.map(toJson);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}
