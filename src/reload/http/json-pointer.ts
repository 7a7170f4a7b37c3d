/** The value at an RFC 6901 pointer; undefined where the document has none. Throws for a text that is no JSON. */
export function valueAt(text: string, pointer: string): unknown {
  const tokens = pointer.split('/').slice(1).map(unescapeToken);
  return tokens.reduce(step, JSON.parse(text) as unknown);
}

function step(value: unknown, token: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(token)) return undefined;
  return Object.hasOwn(value, token) ? (value as Readonly<Record<string, unknown>>)[token] : undefined;
}

function unescapeToken(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~');
}
