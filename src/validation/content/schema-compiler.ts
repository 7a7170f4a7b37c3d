import type { AnySchemaObject, Options, ValidateFunction } from 'ajv/dist/core.js';
import { dropLoneNullables } from './lone-nullable.ts';
import { type Draft, SchemaFault, SchemaFiles, type SchemaSet } from './schema-files.ts';
import { type SchemaPlace, withoutSetRoot } from './schema-place.ts';

/** Compiles a schema and all that it refers to. Throws `SchemaFault`. */
export async function compileSchema(set: SchemaSet, place: SchemaPlace): Promise<ValidateFunction> {
  const files = new SchemaFiles(set, place);
  const { schema, draft } = await files.readRoot();
  const ajv = await newCompiler(draft, {
    allErrors: true,
    ownProperties: true,
    // Unknown keywords and formats are notes for other programs.
    strict: false,
    logger: false,
    code: { regExp },
    loadSchema: async (uri) => asObject(await files.readReferred(uri, draft)),
  });
  try {
    const validate = await ajv.compileAsync(asObject(schema));
    if ('$async' in validate) throw new SchemaFault(place, 'asynchronous schemas cannot be used');
    return validate;
  } catch (error) {
    if (error instanceof SchemaFault) throw error;
    throw new SchemaFault(place, explain(error));
  }
}

function explain(error: unknown): string {
  return withoutSetRoot(error instanceof Error ? error.message : String(error))
    .replace(/^schema is invalid: data/, 'the schema is invalid: ')
    .replace(/^AnySchema \S+ is loaded but (\S+) cannot be resolved$/, 'it refers to $1, which is not there');
}

/** As the compiler takes it; a boolean schema as an object, which is all that loading one knows. */
function asObject(schema: boolean | AnySchemaObject): AnySchemaObject {
  if (typeof schema === 'boolean') return schema ? {} : { not: {} };
  dropLoneNullables(schema);
  return schema;
}

async function newCompiler(draft: Draft, options: Options) {
  const { default: formats } = await import('ajv-formats');
  const ajv =
    draft === 'draft-07'
      ? new (await import('ajv')).Ajv(options)
      : new (await import('ajv/dist/2020.js')).Ajv2020(options);
  formats.default(ajv);
  return ajv;
}

/** Patterns as JSON Schema wants them; those that are none with the `u` flag, as of `\-`, without it. */
const regExp = Object.assign(
  (pattern: string, flags: string) => {
    try {
      return new RegExp(pattern, flags);
    } catch {
      return new RegExp(pattern, flags.replace('u', ''));
    }
  },
  { code: 'new RegExp' },
);
