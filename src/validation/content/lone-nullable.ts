/** Keywords whose values are no schemas, whatever they look like. */
const data: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'example', 'examples']);
/** Keywords whose values have schemas by any name. */
const named: ReadonlySet<string> = new Set([
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
  'properties',
]);

/**
 * Takes out each `nullable` that stands without a `type`, as OpenAPI and resource definitions of Kubernetes have it: JSON
 * Schema does not know the word, and Ajv refuses the whole schema for it.
 */
export function dropLoneNullables(schema: unknown): void {
  if (Array.isArray(schema)) for (const part of schema) dropLoneNullables(part);
  if (!isObject(schema)) return;
  if (typeof schema['nullable'] === 'boolean' && schema['type'] === undefined) delete schema['nullable'];
  for (const [keyword, value] of Object.entries(schema)) {
    if (named.has(keyword) && isObject(value)) dropLoneNullables(Object.values(value));
    else if (!data.has(keyword)) dropLoneNullables(value);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
