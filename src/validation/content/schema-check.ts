import { join } from 'node:path';
import type { ValidateFunction } from 'ajv/dist/core.js';
import picomatch from 'picomatch';
import { kindOf } from './file-kind.ts';
import type { ContentJob, ContentReport } from './job.ts';
import { parseFile } from './parse.ts';
import { Problems } from './problems.ts';
import { compileSchema } from './schema-compiler.ts';
import { SchemaFault } from './schema-files.ts';
import { faultOfError, isEcho } from './schema-message.ts';
import { placeOf } from './schema-place.ts';

interface CompiledRule {
  takes(file: string): boolean;
  readonly validate: ValidateFunction;
}

/** Checks every file that a glob takes against its schema, each document of it. */
export class SchemaCheck {
  readonly #job: ContentJob;
  readonly #problems = new Problems();

  constructor(job: ContentJob) {
    this.#job = job;
  }

  async run(): Promise<ContentReport | undefined> {
    const rules: CompiledRule[] = [];
    const set = { directory: this.#job.directory, files: new Set(this.#job.files) };
    const compiled = new Map<string, ValidateFunction>();
    for (const { glob, schema } of this.#job.schemas) {
      const place = placeOf(schema);
      // A newline may be part of a name; a schema in the set is not what it describes.
      const matches = picomatch(glob, { dot: true, flags: 's' });
      const takes = (file: string) => matches(file) && !(place.inSet && place.path === file);
      try {
        const validate = compiled.get(place.path) ?? (await compileSchema(set, place));
        compiled.set(place.path, validate);
        rules.push({ takes, validate });
      } catch (error) {
        if (!(error instanceof SchemaFault)) throw error;
        if (!place.inSet) return { kind: 'unusable-schema', problem: error.message };
        this.#problems.addLine(error.message);
      }
    }
    for (const [index, file] of this.#job.files.entries()) {
      const taken = rules.filter((rule) => rule.takes(file));
      if (taken.length === 0) continue;
      Atomics.store(this.#job.progress, 0, index + 1);
      await this.#checkFile(file, taken);
    }
    return this.#problems.some ? { kind: 'refused', gate: 'schema', ...this.#problems.summary } : undefined;
  }

  async #checkFile(file: string, rules: readonly CompiledRule[]): Promise<void> {
    const kind = kindOf(file);
    if (kind === undefined) {
      const message = 'a schema holds for it, and its name does not end in .json, .yaml, .yml or .toml';
      this.#problems.add(file, { message });
      return;
    }
    const parsed = await parseFile(join(this.#job.directory, file), kind);
    if (parsed.kind === 'faulty') {
      for (const fault of parsed.faults) this.#problems.add(file, fault);
      return;
    }
    for (const document of parsed.documents) {
      try {
        const value = document.value();
        for (const { validate } of rules) {
          if (validate(value)) continue;
          const errors = (validate.errors ?? []).filter((error) => !isEcho(error));
          for (const error of errors) this.#problems.add(file, () => faultOfError(error, document));
        }
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const position = document.locate([]);
        this.#problems.add(file, { position, message: `it cannot be checked: ${message}` });
      }
    }
  }
}
