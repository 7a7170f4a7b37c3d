import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Parts } from '../engine/parts.ts';
import type { Log } from '../platform/log.ts';
import { createLogger } from '../platform/logger.ts';
import type { PublisherOptions } from '../publish/symlink-publisher.ts';
import { type SettingKey, type Settings, schema } from '../settings/schema.ts';
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
  const { stateDir } = placesOf(settings);
  const { maxFiles, maxDelete, require, allowEmpty } = settings;
  return {
    keys: { setKey: setKeyOf(settings), reloadKey: withTargets ? reloadKeyOf(settings) : undefined },
    source: createGitSource({ settings, stateDir, env, log }),
    targets: withTargets ? await loadTargets(settings, env) : [],
    linkRule: settings.symlinks,
    guardRails: { maxFiles, maxDelete, require: require ?? [], allowEmpty, sentinel: settings.sentinel },
    rollback: settings.rollback,
    reloadOnStart: settings.reloadOnStart,
    pollInterval: settings.pollInterval,
    pollJitter: settings.pollJitter,
    syncTimeout: settings.syncTimeout,
    reloadTimeout: settings.reloadTimeout,
    maxFailures: settings.maxFailures,
  };
}

async function loadTargets(settings: Settings, env: NodeJS.ProcessEnv) {
  const { createTargets } = await import('../reload/targets.ts');
  const { target, stateDir } = placesOf(settings);
  return createTargets({ settings, targetDir: target, stateDir, env });
}

/** Settings that shape the set, or decide whether it is let in. */
const setKeys: readonly SettingKey[] = [
  'source',
  'gitRepo',
  'gitRef',
  'gitPath',
  'gitSubmodules',
  'include',
  'exclude',
  'publish',
  'fileMode',
  'dirMode',
  'symlinks',
  'maxFiles',
  'maxBytes',
  'maxDelete',
  'require',
  'allowEmpty',
  'sentinel',
];

/** Settings of the targets: under others the same set may be told again. */
const reloadKeys: readonly SettingKey[] = [
  'reloadUrl',
  'reloadMethod',
  'reloadBody',
  'reloadHeaders',
  'reloadUsername',
  'reloadPassword',
  'reloadCa',
  'reloadExpect',
  'reloadSignal',
  'reloadProcess',
  'sentinel',
];

function setKeyOf(settings: Settings): string {
  return digestOf(setKeys.map((key) => [key, withoutCredentials(settings[key])])).slice(0, 32);
}

/** A mended header or password counts as a change too; four digits of a digest tell it without giving it away. */
function reloadKeyOf(settings: Settings): string {
  const mark = digestOf(reloadKeys.map((key) => settings[key])).slice(0, 4);
  const told = reloadKeys
    .filter((key) => !schema[key].secret)
    .map((key) => withoutCredentials(settings[key]));
  return `${digestOf(told).slice(0, 28)}${mark}`;
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function withoutCredentials(value: unknown): unknown {
  if (value instanceof URL) return `${value.origin}${value.pathname}`;
  if (Array.isArray(value)) return value.map(withoutCredentials);
  return typeof value === 'object' && value !== null && 'display' in value ? value.display : value;
}
