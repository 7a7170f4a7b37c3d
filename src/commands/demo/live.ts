import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BucketStage, releaseWords } from './bucket-act.ts';
import { watchKeys } from './keys.ts';
import type { GitStage, Stage } from './stage.ts';
import { badCommit, goodCommit } from './steps.ts';
import { named } from './witness.ts';

export interface LivePlaces {
  readonly repositoryUrl: string;
  readonly config: string;
  /** Goes with everything in it when the demo ends. */
  readonly directory: string;
}

/** Goes on showing what happens, and lets the person make it happen, until `q`, Ctrl-C or the signal. */
export async function stayLive(
  stage: GitStage,
  bucketStage: BucketStage,
  { repositoryUrl, config, directory }: LivePlaces,
): Promise<void> {
  const { narrator, sidecar, signal } = stage;
  const stop = new AbortController();
  const ended = AbortSignal.any([signal, stop.signal]);
  const clone = join(directory, 'clone');
  narrator.title('Now it is yours');
  narrator.explain('Whatever you push or release is delivered and told here. In another terminal:');
  narrator.line(`    git clone ${repositoryUrl} ${clone} && cd ${clone}`);
  narrator.line(`    sed -i 's/"tea": .*/"tea": 7/' prices.json && git commit -am 'Tea for 7' && git push`);
  narrator.line(`    ls -la ${config}`);
  narrator.line(`    curl ${sidecar.adminUrl}/status`);
  tellHowToRelease(bucketStage);
  using keys = watchKeys((key) => press(key));
  if (keys.there) narrator.line('\n  c  commit a change    b  commit a bad one    q  quit\n');
  else narrator.line('\n  Ctrl-C ends it.\n');

  let count = 0;
  let queue = Promise.resolve();
  const press = (key: string) => {
    if (key === 'q' || key === '\u0003' || key === '\u0004') stop.abort();
    else if (key === 'c' || key === 'b') {
      queue = queue
        .then(() => commit(stage, key === 'b', ++count))
        .catch((error: unknown) => stop.abort(error));
    }
  };
  const stopAfter = (error: unknown) => stop.abort(error);
  await Promise.all([
    tellProblems(stage, ended).catch(stopAfter),
    tellProblems(bucketStage, ended).catch(stopAfter),
  ]);
  await queue;
  signal.throwIfAborted();
  if (stop.signal.reason instanceof Error && stop.signal.reason.name !== 'AbortError')
    throw stop.signal.reason;
}

function tellHowToRelease({ narrator, command, files, volumePath, sidecar }: BucketStage): void {
  narrator.explain('And for the bucket; --rollback in the place of the directory goes back:');
  narrator.line(`    sed -i 's/"tea": .*/"tea": 8/' ${join(files, 'prices.json')}`);
  const [first = '', ...more] = command.inShell(releaseWords('release', files));
  narrator.line(`    ${first}`);
  for (const line of more) narrator.line(`      ${line}`);
  narrator.line(`    ls -la ${volumePath}`);
  narrator.line(`    curl ${sidecar.adminUrl}/status`);
}

async function commit(
  { repository, witness, signal }: GitStage,
  bad: boolean,
  number: number,
): Promise<void> {
  signal.throwIfAborted();
  const message = bad ? `A mistake in the prices (${number})` : `New prices (${number})`;
  const push = await repository.commit(message, bad ? badCommit(number) : goodCommit(number));
  witness.pushed(push, message);
}

/** What neither the volume nor the application shows: why a commit is not tried again, and what goes wrong. */
async function tellProblems({ narrator, sidecar }: Stage, ended: AbortSignal): Promise<void> {
  let told = new Set<string>();
  let first = true;
  try {
    for (;;) {
      const status = await sidecar.status(ended);
      const { quarantine, lastFailure } = status ?? {};
      const problems = new Map<string, string>();
      if (quarantine)
        problems.set(`${named(quarantine.revision)} is quarantined: ${quarantine.reason}`, 'status');
      if (lastFailure) problems.set(lastFailure.message, 'problem');
      for (const [text, what] of problems) {
        if (!told.has(text) && !first) narrator.event(undefined, 'bad', what, text);
      }
      told = new Set(problems.keys());
      first = false;
      await sleep(200, undefined, { signal: ended });
    }
  } catch (error) {
    if (!ended.aborted) throw error;
  }
}
