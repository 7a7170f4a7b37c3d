import type { Validate, ValidationRules } from './gate.ts';

/**
 * The gates that are asked for, in order: files parse, files are valid by their schemas, a command finds nothing
 * wrong. undefined when none is. `env` is the process's own environment.
 */
export function createValidator(rules: ValidationRules, env: NodeJS.ProcessEnv): Validate | undefined {
  const { syntax, schemas, exec, execTimeout: timeout } = rules;
  const readsFiles = syntax || schemas.length > 0;
  if (!readsFiles && exec === undefined) return undefined;
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
