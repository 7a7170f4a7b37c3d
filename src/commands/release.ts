import { constants } from 'node:os';
import { resolve } from 'node:path';
import { exitCodes } from '../failure/failure.ts';
import type { Bucket } from '../release/bucket.ts';
import type { Target } from '../release/current.ts';
import { makeRelease } from '../release/make-release.ts';
import { type Order, parseOrder, type Words } from '../release/order.ts';
import { urlOf } from '../release/place.ts';
import { ProgressBar } from '../release/progress.ts';
import { listReleases } from '../release/releases.ts';
import { rollBack } from '../release/roll-back.ts';
import { listingInWords, madeInWords, rolledBackInWords } from '../release/words.ts';
import type { Settings } from '../settings/schema.ts';
import type { CredentialSource } from '../sources/s3/credentials/credentials.ts';
import { loggerFor } from './wiring.ts';

/** `wherry release`: the writer's half of a pointer. The result goes to standard output, what is said of it beside. */
export async function release(words: Words, settings: Settings, env: NodeJS.ProcessEnv): Promise<number> {
  const order = parseOrder(words, settings);
  const ofPlace = { ...settings, s3Bucket: order.place.bucket };
  const interrupted = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => interrupted.abort(new Interruption(signal));
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    await using credentials = await credentialsOf(ofPlace, env);
    using bucket = await openBucket(ofPlace, env, credentials);
    await carryOut(order, { ...order, bucket }, ofPlace, interrupted.signal);
    return exitCodes.done;
  } catch (error) {
    if (!(error instanceof Interruption)) throw error;
    process.stderr.write(`wherry: ${error.message}\n`);
    return error.exitCode;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

class Interruption extends Error {
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(
      `interrupted by ${signal}: the pointer is where it was, and what was uploaded need not be uploaded again`,
    );
    this.exitCode = 128 + constants.signals[signal];
  }
}

async function carryOut(
  order: Order,
  target: Target,
  settings: Settings,
  signal: AbortSignal,
): Promise<void> {
  const parallel = settings.s3Concurrency;
  switch (order.action) {
    case 'make': {
      using observer = new ProgressBar(process.stderr);
      const directory = resolve(order.directory);
      const made = await makeRelease(target, { ...order, settings, directory, observer }, signal);
      observer[Symbol.dispose]();
      return tell(order, target, made, madeInWords(made));
    }
    case 'roll-back': {
      const done = await rollBack(target, { ...order, parallel }, signal);
      return tell(order, target, done, rolledBackInWords(done));
    }
    case 'list': {
      const listing = await listReleases(target, order.limit, signal);
      const text = order.asJson ? `${JSON.stringify(listing, null, 2)}\n` : listingInWords(listing, target);
      process.stdout.write(text);
    }
  }
}

/** One line for programs, one for people; of what was only looked at, people alone have something. */
function tell(
  { asJson }: Order,
  { place, pointer }: Target,
  done: { readonly result: string; readonly rev: string },
  text: string,
): void {
  const address = urlOf(place, pointer);
  if (asJson) process.stdout.write(`${JSON.stringify({ ...done, pointer: address }, null, 2)}\n`);
  else if (done.result === 'dry-run') process.stdout.write(`${text}\n`);
  else process.stdout.write(`${done.rev} ${address}\n`);
  if (asJson || done.result !== 'dry-run') process.stderr.write(`${text}\n`);
}

async function credentialsOf(settings: Settings, env: NodeJS.ProcessEnv): Promise<CredentialSource> {
  const { createCredentials } = await import('../sources/s3/credentials/create-credentials.ts');
  const log = await loggerFor({ ...settings, logLevel: 'warn' });
  return createCredentials({ settings, env, log });
}

async function openBucket(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  credentials: CredentialSource,
): Promise<Bucket> {
  const { planClient } = await import('../release/client.ts');
  const { S3Bucket } = await import('../release/s3-bucket.ts');
  const { s3Bucket, s3RequesterPays: requesterPays, s3SseCKey: customerKey } = settings;
  const plan = await planClient(settings, env, credentials, settings.s3Concurrency);
  return new S3Bucket({ plan, bucket: s3Bucket?.text ?? '', requesterPays, customerKey });
}
