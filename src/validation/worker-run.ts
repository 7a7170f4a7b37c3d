import { Worker } from 'node:worker_threads';
import { type FailureDetails, RefusedError, UnexpectedError } from '../failure/failure.ts';
import { programFile } from '../platform/program-file.ts';
import type { ContentJob, ContentReport } from './content/job.ts';
import { returnMemoryLater } from './memory-return.ts';

const mebibyte = 1024 * 1024;
/** The heap of a worker, in MiB: most of the memory that is free, so that the worker dies before the process does. */
const heap = { least: 32, most: 1024, share: 0.75 };

/** What was found out. */
export type Verdict = Exclude<ContentReport, { readonly kind: 'failed' | 'too-large' }>;

export interface WorkerOptions {
  readonly program?: URL;
  readonly heapMiB?: number;
}

/**
 * Runs a job in a thread of its own, which cannot stop the event loop, gives its memory back when it has ended, and
 * is ended by the signal whatever it does.
 */
export async function runWorker(
  job: Omit<ContentJob, 'progress'>,
  signal: AbortSignal,
  { program = workerFile(), heapMiB = freeHeap() }: WorkerOptions = {},
): Promise<Verdict> {
  signal.throwIfAborted();
  const progress = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData: ContentJob = { ...job, progress };
  const worker = new Worker(program, {
    name: 'validation',
    workerData,
    // Nothing of the process's flags and secrets is needed there.
    execArgv: [],
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
  });
  worker.stdout.resume();
  worker.stderr.resume();
  // A file that is too large is the content's fault: it would be too large at the next try too.
  const death = (details: FailureDetails, isTooLarge = false) => {
    const Kind = isTooLarge ? RefusedError : UnexpectedError;
    const file = job.files[Atomics.load(progress, 0) - 1];
    const where = file === undefined ? 'checking the files' : `checking ${JSON.stringify(file)}`;
    return new Kind({
      ...details,
      setting: job.syntax ? 'WHERRY_VALIDATE' : 'WHERRY_VALIDATE_SCHEMA',
      problem: `${where} failed: ${details.problem}`,
    });
  };
  let abort: () => void = () => undefined;
  try {
    return await new Promise<Verdict>((resolve, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      let report: ContentReport | undefined;
      worker.once('message', (message: ContentReport) => {
        report = message;
      });
      worker.once('error', (error) => reject(death(whyDied(error, heapMiB), isOutOfMemory(error))));
      worker.once('exit', (code) => {
        if (report === undefined)
          reject(death({ problem: `the worker ended with code ${code} and no answer` }));
        else if (report.kind === 'failed') reject(death({ problem: report.problem }));
        else if (report.kind === 'too-large') reject(death(tooLarge('about', report.needed), true));
        else resolve(report);
      });
    });
  } finally {
    signal.removeEventListener('abort', abort);
    // What is inside of one long call ends after it; nobody waits for that.
    void worker.terminate();
    returnMemoryLater();
  }
}

function whyDied(cause: unknown, limit: number): FailureDetails {
  if (isOutOfMemory(cause)) return { ...tooLarge('more than', limit), cause };
  return { problem: cause instanceof Error ? cause.message : String(cause), cause };
}

function isOutOfMemory(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function tooLarge(how: string, mebibytes: number): FailureDetails {
  const smaller = 'make the file smaller, or leave it out with WHERRY_EXCLUDE';
  return {
    problem: `it needs ${how} ${mebibytes} MiB of memory`,
    // No container gives a worker more than the most.
    cure: mebibytes < heap.most ? `give the container more memory, or ${smaller}` : smaller,
  };
}

function freeHeap(): number {
  const free = Math.floor((process.availableMemory() / mebibyte) * heap.share);
  return Math.min(Math.max(free, heap.least), heap.most);
}

function workerFile(): URL {
  return programFile({
    from: import.meta.url,
    source: './content/worker.ts',
    built: 'validation-worker.cjs',
  });
}
