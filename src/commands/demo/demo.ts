import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes, toFailure, UnexpectedError } from '../../failure/failure.ts';
import { playBucketAct } from './bucket-act.ts';
import { confirm } from './confirm.ts';
import { isolatedGitEnv, requireGitServer } from './git.ts';
import { startGitServer } from './git-server.ts';
import { stayLive } from './live.ts';
import { MainContainer } from './main-container.ts';
import { Narrator } from './narrator.ts';
import { Repository } from './repository.ts';
import { Sidecar } from './sidecar.ts';
import type { GitStage } from './stage.ts';
import { firstCommit, firstServes, type Step, steps } from './steps.ts';
import { Volume } from './volume.ts';
import { named, Witness } from './witness.ts';

export interface DemoOptions {
  /** Ends by itself after the story; otherwise it stays until `q`, or until the signal is aborted. */
  readonly once: boolean;
  /** A person is watching: the story gets pauses to be read in. */
  readonly terminal: boolean;
  readonly color: boolean;
  readonly out: NodeJS.WritableStream;
  readonly signal: AbortSignal;
  /** The start of the command line that runs wherry: `[process.execPath, '/opt/wherry.cjs']`. */
  readonly program: readonly string[];
}

/** What a shell says of a program that was interrupted. */
const codeOfInterrupted = 130;
/** The default of half a minute is for the source's sake; here nobody wants to wait. */
const pollInterval = '250ms';
/** Milliseconds in which a person reads what a step has shown. */
const pause = 2000;

/**
 * Shows what the sidecar does, on real parts: a Git repository behind smart HTTP, a bucket behind S3, an application
 * with a reload endpoint for each, and `wherry run` between them. Gives back the exit code: 0, or 1 when something
 * did not happen.
 */
export async function runDemo(options: DemoOptions): Promise<number> {
  const narrator = new Narrator(options.out, options.color);
  const directory = await mkdtemp(join(tmpdir(), 'wherry-demo-'));
  const unheard = new AbortController();
  // A closed terminal, or a reader such as `head` that has enough, ends it in good order too.
  options.out.on('error', () => unheard.abort());
  const signal = AbortSignal.any([options.signal, unheard.signal]);
  try {
    await playIn(directory, { ...options, signal }, narrator);
    return exitCodes.done;
  } catch (error) {
    if (signal.aborted) return options.once ? codeOfInterrupted : exitCodes.done;
    narrator.line(`\nwherry demo: ${toFailure(error).message}`);
    return exitCodes.unexpected;
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function playIn(directory: string, options: DemoOptions, narrator: Narrator): Promise<void> {
  const { signal, program, once, terminal } = options;
  const env = isolatedGitEnv(process.env, await newDirectory(directory, 'home'));
  await requireGitServer({ cwd: directory, env, signal });
  const repositories = await newDirectory(directory, 'repositories');
  const repository = await Repository.create(join(repositories, 'config.git'), { env, signal });
  const config = await newDirectory(directory, 'config');

  const witness = new Witness(narrator, 'the application');
  using volume = new Volume(config, (set) => witness.published(set));
  await using server = await startGitServer({ root: repositories, env, onPush: () => onPush() });
  await using application = await MainContainer.start(config, (reload) => {
    volume.look();
    witness.reloaded(reload);
  });
  const repositoryUrl = `${server.url}/config.git`;
  const first = await repository.commit('Open the shop', firstCommit);
  const settings = {
    WHERRY_SOURCE: 'git',
    WHERRY_GIT_REPO: repositoryUrl,
    WHERRY_TARGET: config,
    WHERRY_RELOAD_URL: `${application.url}/-/reload`,
    WHERRY_POLL_INTERVAL: pollInterval,
  };
  introduce(narrator, { repositoryUrl, config, applicationUrl: application.url, settings });
  witness.begin(performance.now());
  await using sidecar = await Sidecar.start({ program, settings });
  const stage: GitStage = { narrator, witness, repository, application, sidecar, signal };
  const onPush = () => void noteForeignPush(stage);

  narrator.title('0. The sidecar starts, and the application gets its first configuration');
  await confirm(stage, await sidecar.settled(first.revision, signal), firstServes);
  for (const [index, step] of steps.entries()) {
    if (terminal) await sleep(pause, undefined, { signal });
    await play(stage, step, index + 1);
  }
  if (terminal) await sleep(pause, undefined, { signal });
  // Nobody comes back to it, and its polls would take time from what follows.
  if (once) await sidecar[Symbol.asyncDispose]();
  const firstNumber = steps.length + 1;
  const bucketAct = {
    program,
    directory,
    narrator,
    signal,
    pollInterval,
    pause: terminal ? pause : 0,
    firstNumber,
  };
  await playBucketAct(bucketAct, async (bucketStage) => {
    narrator.title('That is all.');
    narrator.explain(
      'Every set was whole, every change was followed by one reload, and a bad one did no harm.',
      'The sidecars had the settings above and nothing else; `wherry settings` lists them all.',
    );
    if (!once) await stayLive(stage, bucketStage, { repositoryUrl, config, directory });
  });
}

function introduce(
  narrator: Narrator,
  parts: {
    readonly repositoryUrl: string;
    readonly config: string;
    readonly applicationUrl: string;
    readonly settings: Readonly<Record<string, string>>;
  },
): void {
  narrator.title('Wherry: a commit becomes one set of files and one reload');
  narrator.explain('Everything here is real and runs on this machine only:');
  narrator.fact('repository', `${parts.repositoryUrl} (git http-backend)`);
  narrator.fact('shared volume', parts.config);
  narrator.fact(
    'application',
    `${parts.applicationUrl}/ is a shop; POST /-/reload makes it read its files again`,
  );
  narrator.fact('sidecar', 'wherry run, between the two, with these settings:');
  for (const [name, value] of Object.entries(parts.settings)) narrator.line(`    ${name}=${value}`);
}

async function play(stage: GitStage, step: Step, number: number): Promise<void> {
  const { narrator, witness, repository, sidecar, signal } = stage;
  narrator.title(`${number}. ${step.title}`);
  narrator.explain(...step.explanation);
  const push = await repository.commit(step.message, step.change);
  witness.pushed(push, step.message);
  const status = await sidecar.settled(push.revision, signal);
  if (step.bad !== (status.published?.revision !== push.revision)) {
    const found = step.bad ? 'was kept, although the application rejected it' : 'was refused';
    throw new UnexpectedError({ problem: `${named(push.revision)} ${found}` });
  }
  await confirm(stage, status, step.serves);
}

/** Someone pushed to the repository from a clone. */
async function noteForeignPush({ repository, witness }: GitStage): Promise<void> {
  const at = performance.now();
  const revision = await repository.tip();
  if (revision === undefined || !witness.isNew(revision)) return;
  witness.pushed({ revision, at }, await repository.subject(revision));
}

async function newDirectory(parent: string, name: string): Promise<string> {
  const path = join(parent, name);
  await mkdir(path);
  return path;
}
