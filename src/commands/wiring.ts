import { mainLayer, type Observer, silentObserver } from '../engine/observer.ts';
import type { Parts } from '../engine/parts.ts';
import { TargetLock } from '../lock/target-lock.ts';
import type { Log } from '../platform/log.ts';
import { createLogger } from '../platform/logger.ts';
import { explained } from '../publish/explained.ts';
import type { Publisher, PublisherOptions } from '../publish/publisher.ts';
import { linkShape } from '../publish/shape.ts';
import { SymlinkPublisher } from '../publish/symlink-publisher.ts';
import { type Routing, toEverybody } from '../reload/routing.ts';
import type { Target } from '../reload/target.ts';
import { pathInTarget } from '../settings/acknowledgement-rules.ts';
import type { Settings } from '../settings/schema.ts';
import type { Revision } from '../snapshot/entry.ts';
import type { KeptPath } from '../snapshot/guard-rails.ts';
import type { RequestListener } from '../sources/s3/store/store.ts';
import type { Source } from '../sources/source.ts';
import type { Validate } from '../validation/gate.ts';
import type { Verification } from '../verification/verification.ts';
import { keysOf } from './judging-keys.ts';
import { pinFault } from './pins.ts';
import { placesOf } from './places.ts';

export function publisherOptions(settings: Settings): PublisherOptions {
  const { fileMode, dirMode, fsync, maxBytes, retain } = settings;
  return { ...placesOf(settings), fileMode, dirMode, fsync, maxBytes, retain };
}

/** The usual mode is part of the core; the others are loaded when they are asked for. */
export async function createPublisher(settings: Settings): Promise<Publisher> {
  const options = publisherOptions(settings);
  switch (settings.publish) {
    case 'symlink':
      return explained(new SymlinkPublisher(options));
    case 'rename': {
      const { RenamePublisher } = await import('../publish/rename/rename-publisher.ts');
      return explained(new RenamePublisher({ ...options, adopt: settings.adopt }));
    }
    case 'link':
      return explained(new SymlinkPublisher(options, linkShape(settings.linkName)));
  }
}

/** Where another process holds the target, this one waits or ends, by `WHERRY_LOCK`. */
export function createLock(
  settings: Settings,
  { description }: Pick<Parts, 'description'>,
  log: Log,
  onLost?: () => void,
): TargetLock {
  const { lock: policy, dirMode } = settings;
  const common = { ...placesOf(settings), policy, dirMode, source: description, log };
  return new TargetLock(onLost === undefined ? common : { ...common, onLost });
}

export function loggerFor({ logLevel, logFormat }: Settings): Promise<Log> {
  const format = logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json');
  return createLogger({ level: logLevel, format });
}

export interface PartsOptions {
  readonly log: Log;
  readonly observer?: Observer;
  /** False for commands that signal nobody, and so leave the verdict on a set to others. */
  readonly withTargets: boolean;
  /** False for a command that is to tell of each layer that fails: nothing stands in for one then. */
  readonly withStandIns?: boolean;
  /** One that was made of the same settings already; it is the first one that is given out. */
  readonly begun?: Source | undefined;
}

/** Makes of the settings what the engine works with. */
export async function createParts(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  { log, observer = silentObserver, withTargets, withStandIns = true, begun }: PartsOptions,
): Promise<Parts> {
  const createSource = await loadSource(settings, env, { log, observer, withStandIns });
  const { maxFiles, maxDelete, require, allowEmpty, debounce, debounceMax } = settings;
  return {
    keys: keysOf(settings, withTargets),
    createSource: begun === undefined ? createSource : startingWith(begun, createSource),
    description: (begun ?? createSource()).description,
    pinFault: (revision) => pinFault(settings, revision),
    targets: withTargets ? await loadTargets(settings, env) : [],
    routing: withTargets ? await loadRouting(settings) : toEverybody,
    validate: await loadValidator(settings, env),
    verification: withTargets ? await loadVerification(settings, env) : undefined,
    linkRule: settings.symlinks,
    guardRails: {
      maxFiles,
      maxDelete,
      require: require ?? [],
      allowEmpty,
      refuseCollapse: settings.s3Prefix !== undefined && !allowEmpty,
      kept: keptPaths(settings),
    },
    rollback: settings.rollback,
    reloadOnStart: settings.reloadOnStart,
    pollInterval: settings.pollInterval,
    pollJitter: settings.pollJitter,
    debounce,
    debounceMax: debounceMax ?? 4 * debounce,
    syncTimeout: settings.syncTimeout,
    reloadTimeout: settings.reloadTimeout,
    maxFailures: settings.maxFailures,
  };
}

export type CreateSource = (revision?: Revision) => Source;

function startingWith(begun: Source, create: CreateSource): CreateSource {
  let first: Source | undefined = begun;
  return (revision) => {
    const source = revision === undefined ? first : undefined;
    first = undefined;
    return source ?? create(revision);
  };
}

/** What a source works with besides its settings. */
export interface Sourcing {
  /** Absolute; private to it. */
  readonly stateDir: string;
  /** Its name in metrics. */
  readonly layer: string;
  readonly log: Log;
}

async function loadSource(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  { log, observer, withStandIns }: Required<Omit<PartsOptions, 'withTargets' | 'begun'>>,
): Promise<CreateSource> {
  const { stateDir } = placesOf(settings);
  const loadOne = (own: Settings, sourcing: Sourcing) => loadOneSource(own, env, { ...sourcing, observer });
  const { layerList } = settings;
  if (layerList === undefined) return loadOne(settings, { stateDir, layer: mainLayer, log });
  const { loadLayers } = await import('./wiring-layers.ts');
  const published = async () => (await (await createPublisher(settings)).current(() => true))?.manifest;
  return loadLayers(layerList, { stateDir, log, published, withStandIns, loadOne });
}

/** A source that is not configured is not loaded. */
async function loadOneSource(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  { stateDir, layer, log, observer }: Sourcing & { readonly observer: Observer },
): Promise<CreateSource> {
  if (settings.source === 's3') {
    const { createS3Source } = await import('../sources/s3/s3-source.ts');
    const onRequest: RequestListener = (operation, result) => observer.requested(layer, operation, result);
    return (revision) => createS3Source({ settings, stateDir, env, log, onRequest, revision });
  }
  if (settings.source === 'dir') {
    const { createDirectorySource } = await import('../sources/directory/directory-source.ts');
    return (revision) => createDirectorySource({ settings, log, revision });
  }
  const { createGitSource } = await import('../sources/git/git-source.ts');
  return (revision) =>
    createGitSource({
      settings: revision === undefined ? settings : { ...settings, gitRef: revision },
      stateDir,
      env,
      log,
    });
}

/** What the application and Wherry tell each other beside the set. */
function keptPaths({ sentinel, ack, target, publish }: Settings): readonly KeptPath[] {
  // Behind one link the set's names cannot meet others in the target.
  if (publish === 'link') return [];
  const kept: KeptPath[] = [];
  if (sentinel !== undefined) kept.push({ setting: 'WHERRY_SENTINEL', path: sentinel });
  const inside = ack === undefined ? undefined : pathInTarget(ack, target);
  if (inside !== undefined) kept.push({ setting: 'WHERRY_ACK', path: inside });
  return kept;
}

async function loadTargets(settings: Settings, env: NodeJS.ProcessEnv): Promise<readonly Target[]> {
  const { createTargets } = await import('../reload/targets.ts');
  const { target: targetDir, stateDir } = placesOf(settings);
  return createTargets({ settings, targetDir, stateDir, env });
}

async function loadRouting({ reloadWhen = [], reloadExec }: Settings): Promise<Routing> {
  if (reloadWhen.length === 0) return { ...toEverybody, isAsked: reloadExec !== undefined };
  const { createRouting } = await import('../reload/glob-routing.ts');
  return createRouting(reloadWhen);
}

async function loadValidator(settings: Settings, env: NodeJS.ProcessEnv): Promise<Validate | undefined> {
  const {
    validate,
    validateSchema: schemas = [],
    validateExec: exec,
    validateTimeout: execTimeout,
  } = settings;
  if (validate === undefined && schemas.length === 0 && exec === undefined) return undefined;
  const { createValidator } = await import('../validation/validator.ts');
  return createValidator({ syntax: validate === 'syntax', schemas, exec, execTimeout }, env);
}

async function loadVerification(
  settings: Settings,
  env: NodeJS.ProcessEnv,
): Promise<Verification | undefined> {
  if (settings.verifyUrl === undefined) return undefined;
  const { createVerification } = await import('../verification/verification.ts');
  return createVerification(settings, env);
}
