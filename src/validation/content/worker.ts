import { parentPort, workerData } from 'node:worker_threads';
import { checkContent } from './check.ts';
import type { ContentJob } from './job.ts';

/** The worker's program: does one job, answers, and ends. */
async function main(job: ContentJob): Promise<void> {
  parentPort?.postMessage(await checkContent(job));
}

void main(workerData);
