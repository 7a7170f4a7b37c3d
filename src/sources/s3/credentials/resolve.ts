import { fileURLToPath } from 'node:url';
import {
  DeniedError,
  type Failure,
  SettingsError,
  systemCode,
  UnexpectedError,
  UnreachableError,
} from '../../../failure/failure.ts';
import { withDeadline } from '../../../platform/deadline.ts';
import { spawnGroup } from '../../../platform/process-group.ts';
import { programFile } from '../../../platform/program-file.ts';
import { chosenBy } from './names.ts';
import type { CredentialAnswer, CredentialJob } from './worker/job.ts';

/** Beside the job's own time, for the start of a process that may have a tenth of a core. Milliseconds. */
const startTime = 15_000;
/** No answer is longer. */
const longestAnswer = 1024 * 1024;

/**
 * Runs the job in a process that ends with its answer: measured, a thread that loads the AWS SDK leaves 10 MiB behind,
 * and a process nothing. A command of a profile belongs to its group and ends with it.
 */
export async function resolveOutside(
  job: CredentialJob,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Extract<CredentialAnswer, { readonly kind: 'found' }>> {
  const program = programFile({
    from: import.meta.url,
    source: './worker/main.ts',
    built: 'aws-credentials-worker.cjs',
  });
  const answer = await withDeadline(job.timeout + startTime, signal, late, ({ signal: inner }) =>
    exchange(fileURLToPath(program), job, env, inner),
  );
  if (answer.kind === 'found') return answer;
  throw toFailure(answer);
}

async function exchange(
  program: string,
  job: CredentialJob,
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<CredentialAnswer> {
  try {
    using group = spawnGroup(process.execPath, ['--max-semi-space-size=1', program], { env, signal });
    const chunks: Buffer[] = [];
    let length = 0;
    group.child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.byteLength;
      if (length <= longestAnswer) chunks.push(chunk);
    });
    group.child.stdin.end(JSON.stringify(job));
    const { code } = await group.ended;
    return parseAnswer(Buffer.concat(chunks).toString('utf8'), code);
  } catch (error) {
    if (error instanceof UnexpectedError) throw error;
    signal.throwIfAborted();
    const problem = `the program that asks for credentials cannot be started (${systemCode(error) ?? String(error)})`;
    throw new UnexpectedError({ setting: chosenBy, problem, cause: error });
  }
}

/** What it said otherwise may hold secrets, also in the words of a parser. */
function parseAnswer(output: string, code: number | null): CredentialAnswer {
  const line = output.trim().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line);
  } catch {
    const end = code === null ? 'a signal' : `code ${code}`;
    throw new UnexpectedError({
      setting: chosenBy,
      problem: `the program that asks for credentials ended with ${end} and no answer`,
      cure: 'give the container 32 MiB more memory',
    });
  }
}

function late(): Failure {
  return new UnreachableError({
    setting: chosenBy,
    problem: 'no credentials were found in time',
    cure: 'give the container more CPU',
  });
}

function toFailure({ kind, details }: Exclude<CredentialAnswer, { readonly kind: 'found' }>): Failure {
  switch (kind) {
    case 'settings':
      return new SettingsError(details);
    case 'denied':
      return new DeniedError(details);
    case 'unreachable':
      return new UnreachableError(details);
    case 'unexpected':
      return new UnexpectedError(details);
  }
}
