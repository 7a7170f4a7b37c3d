import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Candidate, ValidationRules } from '../../src/validation/gate.ts';
import { createValidator } from '../../src/validation/validator.ts';
import { temporaryDirectory } from '../support/temporary.ts';

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
