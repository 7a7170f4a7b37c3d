import { RefusedError, SettingsError } from '../failure/failure.ts';
import { kindOf } from './content/file-kind.ts';
import type { Candidate, ValidationRules } from './gate.ts';
import { runWorker, type Verdict } from './worker-run.ts';

/** Every file parses, and is valid by the schemas that hold for it. */
export async function checkFiles(
  { syntax, schemas }: Pick<ValidationRules, 'syntax' | 'schemas'>,
  { directory, files }: Candidate,
  signal: AbortSignal,
): Promise<void> {
  const isNeeded = schemas.length > 0 || (syntax && files.some((file) => kindOf(file) !== undefined));
  if (!isNeeded) return;
  const failure = failureOf(await runWorker({ directory, files, syntax, schemas }, signal));
  if (failure !== undefined) throw failure;
}

function failureOf(report: Verdict): Error | undefined {
  switch (report.kind) {
    case 'passed':
      return undefined;
    case 'refused': {
      const { gate, problems, more } = report;
      return new RefusedError({
        setting: gate === 'syntax' ? 'WHERRY_VALIDATE' : 'WHERRY_VALIDATE_SCHEMA',
        problem: [...problems, ...(more > 0 ? [`and ${more} more`] : [])].join(' · '),
        cure: 'correct it in the source',
      });
    }
    case 'unusable-schema':
      return new SettingsError({
        setting: 'WHERRY_VALIDATE_SCHEMA',
        problem: report.problem,
        cure: 'correct that file, or its path',
      });
  }
}
