import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Parts } from '../engine/parts.ts';
import type { Log } from '../platform/log.ts';
import { createLogger } from '../platform/logger.ts';
import type { PublisherOptions } from '../publish/symlink-publisher.ts';
import { type Settings, schema } from '../settings/schema.ts';
import { createGitSource } from '../sources/git/git-source.ts';

export interface Places {
  /** Absolute, both. */
  readonly target: string;
  readonly stateDir: string;
}

export function placesOf({ target, stateDir }: Settings): Places {
  const absolute = resolve(target);
  return {
    target: absolute,
    stateDir: stateDir === undefined ? join(absolute, '..wherry') : resolve(stateDir),
  };
}

export function publisherOptions(settings: Settings): PublisherOptions {
  const { fileMode, dirMode, fsync, maxBytes, retain } = settings;
  return { target: placesOf(settings).target, fileMode, dirMode, fsync, maxBytes, retain };
}

export function loggerFor({ logLevel, logFormat }: Settings): Promise<Log> {
  const format = logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json');
  return createLogger({ level: logLevel, format });
}

/** Makes source and targets from the settings. `withTargets` is false for commands that signal nobody. */
export async function createParts(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  log: Log,
  withTargets: boolean,
): Promise<Parts> {
  const { target, stateDir } = placesOf(settings);
  const { maxFiles, maxDelete, require, allowEmpty } = settings;
  return {
    key: keyOf(settings),
    source: createGitSource({ settings, stateDir, env, log }),
    targets: withTargets ? await loadTargets(settings, target, env) : [],
    linkRule: settings.symlinks,
    guardRails: { maxFiles, maxDelete, require: require ?? [], allowEmpty },
    rollback: settings.rollback,
    reloadOnStart: settings.reloadOnStart,
    pollInterval: settings.pollInterval,
    pollJitter: settings.pollJitter,
    syncTimeout: settings.syncTimeout,
    reloadTimeout: settings.reloadTimeout,
    maxFailures: settings.maxFailures,
  };
}

async function loadTargets(settings: Settings, targetDir: string, env: NodeJS.ProcessEnv) {
  const { createTargets } = await import('../reload/targets.ts');
  return createTargets({ settings, targetDir, env });
}

/** Names the settings that decide what a set is and whether it is accepted. No secret enters the digest. */
function keyOf(settings: Settings): string {
  const others = new Set([
    'logLevel',
    'logFormat',
    'adminAddress',
    'mode',
    'pollInterval',
    'pollJitter',
    'initTimeout',
  ]);
  const told = Object.entries(settings)
    .filter(([key]) => !others.has(key) && !(key in schema && schema[key as keyof typeof schema].secret))
    .map(([key, value]) => [key, withoutCredentials(value)]);
  return createHash('sha256').update(JSON.stringify(told)).digest('hex').slice(0, 32);
}

function withoutCredentials(value: unknown): unknown {
  if (value instanceof URL) return `${value.origin}${value.pathname}`;
  if (Array.isArray(value)) return value.map(withoutCredentials);
  return typeof value === 'object' && value !== null && 'display' in value ? value.display : value;
}
