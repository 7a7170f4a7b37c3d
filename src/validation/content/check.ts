import { join } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { kindOf } from './file-kind.ts';
import type { ContentJob, ContentReport } from './job.ts';
import { parseFile, TooLargeError } from './parse.ts';
import { Problems } from './problems.ts';

/** Does what the worker is asked: each file parses, then each that a schema holds for is valid. */
export async function checkContent(job: ContentJob): Promise<ContentReport> {
  try {
    return (await checkSyntax(job)) ?? (await checkSchemas(job)) ?? { kind: 'passed' };
  } catch (error) {
    if (error instanceof TooLargeError) return { kind: 'too-large', needed: error.needed };
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'failed', problem: systemCode(error) === undefined ? `unexpected: ${message}` : message };
  }
}

async function checkSyntax({
  directory,
  files,
  syntax,
  progress,
}: ContentJob): Promise<ContentReport | undefined> {
  if (!syntax) return undefined;
  const problems = new Problems();
  for (const [index, file] of files.entries()) {
    const kind = kindOf(file);
    if (kind === undefined) continue;
    Atomics.store(progress, 0, index + 1);
    const parsed = await parseFile(join(directory, file), kind);
    if (parsed.kind === 'faulty') for (const fault of parsed.faults) problems.add(file, fault);
  }
  Atomics.store(progress, 0, 0);
  return problems.some ? { kind: 'refused', gate: 'syntax', ...problems.summary } : undefined;
}

async function checkSchemas(job: ContentJob): Promise<ContentReport | undefined> {
  if (job.schemas.length === 0) return undefined;
  const { SchemaCheck } = await import('./schema-check.ts');
  return new SchemaCheck(job).run();
}
