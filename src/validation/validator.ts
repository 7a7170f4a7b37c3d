import { isAbsolute, posix } from 'node:path';
import { SettingsError } from '../failure/failure.ts';
import { parseCommand } from '../platform/command-form.ts';
import type { Validate, ValidationRules } from './gate.ts';

/**
 * The gates that are asked for, in order: files parse, files are valid by their schemas, a command finds nothing
 * wrong. undefined when none is. `env` is the process's own environment.
 */
export function createValidator(rules: ValidationRules, env: NodeJS.ProcessEnv): Validate | undefined {
  const { syntax, schemas, exec, execTimeout: timeout } = rules;
  const readsFiles = syntax || schemas.length > 0;
  if (!readsFiles && exec === undefined) return undefined;
  for (const { schema } of schemas) checkSchemaPath(schema);
  if (exec !== undefined) checkCommand(exec);
  return async (candidate, signal) => {
    signal.throwIfAborted();
    if (readsFiles) {
      const { checkFiles } = await import('./content-gate.ts');
      await checkFiles(rules, candidate, signal);
    }
    if (exec !== undefined) {
      const { checkByCommand } = await import('./command-gate.ts');
      await checkByCommand({ command: exec, timeout, ambient: env }, candidate, signal);
    }
  };
}

function checkSchemaPath(schema: string): void {
  if (isAbsolute(schema) || !/^\.\.(\/|$)/.test(posix.normalize(schema))) return;
  throw new SettingsError({
    setting: 'WHERRY_VALIDATE_SCHEMA',
    problem: `${JSON.stringify(schema)} leads out of the set`,
    cure: 'give a path inside the set, or an absolute one',
  });
}

function checkCommand(command: string): void {
  const parsed = parseCommand(command);
  if (parsed.kind !== 'malformed') return;
  throw new SettingsError({
    setting: 'WHERRY_VALIDATE_EXEC',
    problem: parsed.problem,
    cure: 'give a shell command, or a JSON array of a program and its arguments',
  });
}
