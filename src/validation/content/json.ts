import type { Parsed } from './document.ts';
import { scanJson } from './json-scanner.ts';
import { type Position, positionAt } from './position.ts';

/** Strict: JSON.parse decides, and the scanner says where. */
export function parseJson(text: string): Parsed {
  try {
    const value: unknown = JSON.parse(text);
    return { kind: 'documents', documents: [{ value: () => value, locate: (path) => locate(text, path) }] };
  } catch (error) {
    return { kind: 'faulty', faults: [explain(text, error)] };
  }
}

function explain(text: string, error: unknown) {
  if (text.startsWith('\ufeff')) {
    const message = 'a byte order mark, which JSON does not allow: save it as UTF-8 without BOM';
    return { position: positionAt(text, 0), message };
  }
  if (/^\s*$/.test(text)) return { position: positionAt(text, 0), message: 'it is empty, which is no JSON' };
  const fault = scanJson(text);
  if (fault === undefined) return { message: error instanceof Error ? error.message : String(error) };
  return { position: positionAt(text, fault.offset), message: fault.message };
}

function locate(text: string, path: readonly string[]): Position {
  let offset = 0;
  // What leads to the value comes in order; of equal keys the last one counts.
  scanJson(text, (here, at) => {
    if (here.length <= path.length && here.every((step, index) => String(step) === path[index])) offset = at;
  });
  return positionAt(text, offset);
}
