import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnexpectedError } from '../../failure/failure.ts';
import { type BucketStep, bucketSteps, firstRelease } from './bucket-steps.ts';
import { confirm } from './confirm.ts';
import { IdlePolls } from './idle-polls.ts';
import { MainContainer } from './main-container.ts';
import type { Narrator } from './narrator.ts';
import { PointerWatch } from './pointer-watch.ts';
import { ReleaseCommand } from './release-command.ts';
import { type S3Server, startS3Server } from './s3-server.ts';
import type { S3Key } from './s3-signature.ts';
import { Sidecar } from './sidecar.ts';
import type { Stage } from './stage.ts';
import { Volume } from './volume.ts';
import { plural, Witness } from './witness.ts';

export interface BucketActOptions {
  readonly program: readonly string[];
  /** Exists, and goes with everything in it when the demo ends. */
  readonly directory: string;
  readonly narrator: Narrator;
  readonly signal: AbortSignal;
  readonly pollInterval: string;
  /** Milliseconds in which a person reads what a step has shown. */
  readonly pause: number;
  /** The number of the first step. */
  readonly firstNumber: number;
}

export interface BucketStage extends Stage {
  readonly server: S3Server;
  readonly watch: PointerWatch;
  readonly command: ReleaseCommand;
  readonly volumePath: string;
  /** What is released. */
  readonly files: string;
}

const bucket = 'demo';
const prefix = 'shop/';
const pointer = `${prefix}current.json`;
const writer: S3Key = { accessKeyId: 'demo-writer', secretAccessKey: 'may-read-and-write', mayWrite: true };
const reader: S3Key = { accessKeyId: 'demo-reader', secretAccessKey: 'may-only-read', mayWrite: false };

/** The words that follow `wherry release`. */
export function releaseWords(action: BucketStep['action'], files: string): readonly string[] {
  const place = [`s3://${bucket}/${prefix}`, '--pointer', pointer];
  return action === 'release' ? [files, ...place] : [...place, '--rollback'];
}

/**
 * Shows the same from a bucket: an S3 server, releases by `wherry release`, and a second sidecar and application. All
 * of it stays until `then` has ended.
 */
export async function playBucketAct(
  options: BucketActOptions,
  then: (stage: BucketStage) => Promise<void>,
): Promise<void> {
  const { program, directory, narrator, signal, pause, firstNumber } = options;
  const volumePath = join(directory, 'config-from-bucket');
  const files = join(directory, 'release');
  await mkdir(volumePath);
  await mkdir(files);

  const witness = new Witness(narrator, 'the second application');
  const watch = new PointerWatch({
    pointer,
    blobs: `${prefix}blobs/`,
    onMove: (move) => witness.moved(move),
    onOther: (reason) => narrator.event(undefined, 'bad', 'written', reason),
  });
  using volume = new Volume(volumePath, (set) => witness.published(set));
  await using server = await startS3Server({
    bucket,
    keys: [writer, reader],
    onWrite: (written) => watch.written(written),
  });
  await using application = await MainContainer.start(volumePath, (reload) => {
    volume.look();
    witness.reloaded(reload);
  });
  const command = new ReleaseCommand({ program, settings: keysFor(server, writer) });
  const settings = {
    WHERRY_SOURCE: 's3',
    ...keysFor(server, reader),
    WHERRY_S3_BUCKET: bucket,
    WHERRY_S3_POINTER: pointer,
    WHERRY_TARGET: volumePath,
    WHERRY_RELOAD_URL: `${application.url}/-/reload`,
    WHERRY_POLL_INTERVAL: options.pollInterval,
  };
  introduce(narrator, { server, applicationUrl: application.url, volumePath, settings });

  announce(narrator, firstNumber, firstRelease);
  const said = await release(firstRelease, { watch, command, files }, narrator, signal);
  await using sidecar = await Sidecar.start({ program, settings });
  const stage = {
    narrator,
    witness,
    application,
    sidecar,
    signal,
    server,
    watch,
    command,
    volumePath,
    files,
  };
  await arrive(stage, firstRelease, said);
  for (const [index, step] of bucketSteps.entries()) {
    await sleep(pause, undefined, { signal });
    announce(narrator, firstNumber + 1 + index, step);
    await (step.moves ? playMove(stage, step) : playStandstill(stage, step));
  }
  await then(stage);
}

function keysFor({ url }: S3Server, { accessKeyId, secretAccessKey }: S3Key): Record<string, string> {
  return {
    WHERRY_S3_ENDPOINT: url,
    WHERRY_S3_ACCESS_KEY_ID: accessKeyId,
    WHERRY_S3_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

function introduce(
  narrator: Narrator,
  parts: {
    readonly server: S3Server;
    readonly applicationUrl: string;
    readonly volumePath: string;
    readonly settings: Readonly<Record<string, string>>;
  },
): void {
  narrator.title('The same from a bucket: a release becomes one set of files and one reload');
  narrator.explain('A second shop and a second sidecar, which know nothing of Git:');
  narrator.fact(
    'bucket',
    `${parts.server.url}/${bucket} (an S3 server in memory, which verifies signatures)`,
  );
  narrator.fact('shared volume', parts.volumePath);
  narrator.fact('application', `${parts.applicationUrl}/`);
  narrator.fact('sidecar', 'wherry run, with these settings; its key may only read:');
  for (const [name, value] of Object.entries(parts.settings)) narrator.line(`    ${name}=${value}`);
}

function announce(narrator: Narrator, number: number, { title, explanation }: BucketStep): void {
  narrator.title(`${number}. ${title}`);
  narrator.explain(...explanation);
}

async function playMove(stage: BucketStage, step: BucketStep): Promise<void> {
  const { narrator, signal } = stage;
  const before = fetchesOf(stage);
  await arrive(stage, step, await release(step, stage, narrator, signal));
  const fetches = plural(fetchesOf(stage) - before, 'object');
  narrator.event(undefined, 'plain', 'fetched', `${fetches}, the pointer among them`);
}

/** Objects that the sidecar has read whole. */
function fetchesOf({ server }: BucketStage): number {
  return server.answered(reader.accessKeyId).get(200) ?? 0;
}

/** The sidecar goes on looking while the command finds that there is nothing to do. */
async function playStandstill(stage: BucketStage, step: BucketStep): Promise<void> {
  const { narrator, witness, sidecar, server, signal } = stage;
  const idle = await IdlePolls.start(sidecar, () => server.answered(reader.accessKeyId), signal);
  witness.begin(performance.now());
  const said = await release(step, stage, narrator, signal);
  const polls = await idle.inWords(signal);
  await arrive(stage, step, said);
  narrator.event(undefined, 'plain', 'idle', polls);
}

/** Changes the directory and runs the command. Throws when the bucket is not afterwards as it must be. */
async function release(
  { action, change, moves, uploads }: BucketStep,
  { watch, command, files }: Pick<BucketStage, 'watch' | 'command' | 'files'>,
  narrator: Narrator,
  signal: AbortSignal,
): Promise<string> {
  for (const [name, text] of Object.entries(change)) await writeFile(join(files, name), text);
  const before = watch.last;
  const words = releaseWords(action, files);
  narrator.line(`    wherry release ${words.join(' ')}`);
  const said = await command.run(words, signal);
  const moved = watch.last !== before;
  if (moved !== moves) {
    const found = moved ? 'moved, though nothing had changed' : 'did not move';
    throw new UnexpectedError({ problem: `${pointer} ${found}; wherry release said: ${said}` });
  }
  const found = moved ? (watch.last?.uploads ?? 0) : watch.uploads;
  if (found !== uploads) {
    const problem = `wherry release uploaded ${plural(found, 'content')}, and ${uploads} had to be`;
    throw new UnexpectedError({ problem });
  }
  return said;
}

/** Waits until the sidecar is where the pointer is, and looks at what came of it. */
async function arrive(stage: BucketStage, step: BucketStep, said: string): Promise<void> {
  const { narrator, witness, sidecar, watch, signal } = stage;
  const status = await sidecar.settled(watch.last?.revision ?? '', signal);
  const { sets, reloads } = witness.counts;
  const expected = step.moves ? 1 : 0;
  if (sets !== expected || reloads !== expected) {
    const problem = `${plural(sets, 'swap')} and ${plural(reloads, 'reload')} came of it, and ${expected} had to`;
    throw new UnexpectedError({ problem });
  }
  narrator.event(undefined, 'plain', 'said', said);
  await confirm(stage, status, step.serves);
}
