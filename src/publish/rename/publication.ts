import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fsyncAll } from '../../platform/flush.ts';
import { fillingMode, openDirectory } from '../closed-directories.ts';
import type { Generation } from '../generation.ts';
import type { PublisherOptions } from '../publisher.ts';
import type { Stage } from '../stage.ts';
import { Application } from './apply.ts';
import { markReplaced } from './collect.ts';
import { type Difference, differenceOf } from './difference.ts';
import type { Ground } from './ground.ts';
import type { Holdings } from './holdings.ts';
import { keepReplaced } from './kept-files.ts';
import { Ownership } from './ownership.ts';
import { parentsOf, type Standing, writeLedger } from './standing.ts';
import { pointNext, readPointer, turnCurrent } from './workshop.ts';

/** What a publish is about. */
export interface Publication {
  readonly before: Standing;
  readonly next: Generation;
  readonly difference: Difference;
  readonly guests: ReadonlySet<string>;
}

interface Surroundings {
  readonly options: PublisherOptions;
  readonly holdings: Holdings;
  groundOf(standing: Standing): Promise<Ground>;
}

/** What can fail is done before the journal; from then on there is only one way, also for the next start. */
export async function publishStage(
  surroundings: Surroundings,
  publication: Publication,
  stage: Stage,
): Promise<void> {
  const { before, next, difference, guests } = publication;
  const { options, holdings } = surroundings;
  const { fsync, dirMode } = options;
  const { workshop } = holdings;
  const kept = await keepReplaced(before, difference);
  if (fillingMode(dirMode) !== dirMode) await openDirectory(next.directory);
  const ledger = await writeLedger(next.directory, { unsure: before.unsure, guests });
  if (fsync && ledger !== undefined) await fsyncAll([ledger, next.directory], workshop);
  stage.keep();
  await pointNext(workshop, next.name);
  try {
    if (fsync) await fsyncAll([...kept, workshop], workshop);
    await apply(surroundings, publication, false);
  } catch (error) {
    await leaveUnfinished(holdings, publication);
    throw error;
  }
}

/** Goes on with a publish that was begun. What stops it is thrown by the next publish, which may also be the cure. */
export async function finishBegun(surroundings: Surroundings): Promise<void> {
  const { holdings } = surroundings;
  if (!holdings.isUnfinished) return;
  const { before, next, isTorn } = await holdings.read();
  if (next === undefined) {
    const isDangling = (await readPointer(holdings.workshop, 'next')) !== undefined;
    if (isDangling) await unlink(join(holdings.workshop, 'next'));
    return;
  }
  const difference = differenceOf(before, next.manifest);
  const publication = { before, next, difference, guests: before.guests };
  // What is missing of the set before is not in the stage: the next publish brings both.
  if (isTorn) return leaveUnfinished(holdings, publication);
  try {
    await apply(surroundings, publication, true);
  } catch {
    await leaveUnfinished(holdings, publication);
  }
}

/** Where nothing is changed yet, there is nothing to finish. */
async function leaveUnfinished(holdings: Holdings, { before, next, guests }: Publication): Promise<void> {
  if (holdings.begun({ ...before, guests }, next)) return;
  // A start that still finds it does what is not wanted any more, and is soon corrected.
  await unlink(join(holdings.workshop, 'next')).catch(() => undefined);
}

async function apply(
  { options, holdings, groundOf }: Surroundings,
  { before, next, difference, guests }: Publication,
  isRedo: boolean,
): Promise<void> {
  const { target, fsync } = options;
  const { manifest, directory: stage } = next;
  const application = new Application({
    ...{ target, stage, manifest, difference, guests, isRedo },
    ground: await groundOf(before),
    own: new Ownership(before),
    formerDirMode: before.current?.manifest.dirMode,
  });
  const touched = [...(await application.run())].map((path) => join(target, path));
  if (fsync) await fsyncAll(touched, target);
  // It need not be durable: until it is, the journal is, and brings the next start to the same.
  await turnCurrent(holdings.workshop);
  holdings.done(next, guests);
  // Without the mark it only goes sooner.
  if (before.current !== undefined) await markReplaced(before.current).catch(() => undefined);
}

/** Directories that our paths share with others: those that the set finds, and those that an earlier one found. */
export function guestsOf({ guests }: Standing, { changes }: Difference, ground: Ground): ReadonlySet<string> {
  const found = new Set([...guests].filter((directory) => ground.isInUse(directory)));
  for (const directory of parentsOf(changes.map(({ path }) => path))) {
    if (ground.isDirectory(directory) && !ground.isOwnDirectory(directory)) found.add(directory);
  }
  return found;
}
