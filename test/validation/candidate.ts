import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkContent } from '../../src/validation/content/check.ts';
import type { Candidate, ValidationRules } from '../../src/validation/gate.ts';
import { createValidator } from '../../src/validation/validator.ts';
import { temporaryDirectory } from '../support/temporary.ts';

export const draft7 = 'http://json-schema.org/draft-07/schema#';
export const draft2020 = 'https://json-schema.org/draft/2020-12/schema';

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A staged set with these files. */
export async function stage(files: Files): Promise<Candidate> {
  const directory = join(await temporaryDirectory(), 'a staged set');
  await mkdir(directory);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return { directory, files: Object.keys(files).sort(), revision: '0f3a', target: '/config' };
}

const none: ValidationRules = { syntax: false, schemas: [], exec: undefined, execTimeout: 30_000 };

export async function validate(
  rules: Partial<ValidationRules>,
  candidate: Candidate,
  signal = new AbortController().signal,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  await createValidator({ ...none, ...rules }, env)?.(candidate, signal);
}

/** What a validation failed with; undefined when the set passed. */
export async function failureOf(rules: Partial<ValidationRules>, files: Files): Promise<Error | undefined> {
  const candidate = await stage(files);
  return validate(rules, candidate).then(
    () => undefined,
    (error: Error) => error,
  );
}

/** What a set is refused for by `schemas/s.json`, found in this thread, which is quicker. */
export async function problemOf(
  schema: unknown,
  files: Files,
  glob = '*.{json,yaml,toml,txt}',
): Promise<string | undefined> {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
  const staged = await stage({ ...files, 'schemas/s.json': text });
  const report = await checkContent({
    ...staged,
    syntax: false,
    schemas: [{ glob, schema: 'schemas/s.json' }],
    progress: new Int32Array(1),
  });
  if (report.kind === 'passed') return undefined;
  if (report.kind !== 'refused') throw new Error(JSON.stringify(report));
  const more = report.more === 0 ? [] : [`and ${report.more} more`];
  return [...report.problems, ...more].join(' · ');
}
