import { nginxName, prometheusName } from './measure.ts';
import type { Mode } from './modes.ts';
import type { Happening } from './scenario.ts';
import type { Outcome } from './table.ts';

/** What is promised of one watcher. What is not named is only measured. */
export type Promised = Readonly<Partial<Record<Happening, Outcome>>>;

/** Wakes once for each change of its file, and not when a replaced generation goes. */
const once: Promised = {
  'first publish': '✓',
  'its file changes': '1',
  'changes again': '1',
  'clean-up': '–',
  'rolled back': '1',
};

/** Wakes once for each publish, whatever changed. */
const oncePerPublish: Promised = {
  ...once,
  'another file changes': '1',
  'directory added': '1',
};

/** And for what was put back, and when its file goes. */
const always: Promised = { ...oncePerPublish, 'put back': '1', 'its file deleted': '1' };

/** Wakes for its own file alone. */
const onlyForIts: Promised = {
  ...once,
  'another file changes': '–',
  'directory added': '–',
};

const onlyForItsAlways: Promised = { ...onlyForIts, 'put back': '1', 'its file deleted': '1' };

/** Wakes for each change, more than once. */
const often: Promised = {
  'first publish': '✓',
  'its file changes': '2+',
  'changes again': '2+',
  'rolled back': '2+',
  'its file deleted': '2+',
};

/** Holds the file that was replaced: wakes for the first change, and does not see the next. */
const firstOnly: Promised = { 'its file changes': '1', 'changes again': '✗', 'rolled back': '1' };

/** By the names under which the watchers are measured. */
export const promises: Readonly<Record<Mode, Readonly<Record<string, Promised>>>> = {
  symlink: {
    'chokidar on the directory': always,
    'chokidar on the file': always,
    'chokidar on the file, polling': always,
    '`fs.watchFile` (stat polling)': always,
    'configmap-reload': { ...oncePerPublish, 'its file deleted': '1' },
    'Envoy, `watched_directory`': { ...oncePerPublish, 'its file deleted': '1' },
    'viper (Go)': oncePerPublish,
    'Prometheus 3, `--enable-feature=auto-reload-config`': onlyForIts,
    [prometheusName]: often,
    [nginxName]: always,
    'inotify on the directory': often,
    '`fs.watch` on the directory': often,
    'inotify on the file': firstOnly,
    '`fs.watch` on the file': firstOnly,
  },
  rename: {
    'chokidar on the directory': onlyForItsAlways,
    'chokidar on the file': onlyForItsAlways,
    'chokidar on the file, in a sub-directory': onlyForItsAlways,
    'chokidar on the file, polling': onlyForItsAlways,
    '`fs.watchFile` (stat polling)': onlyForItsAlways,
    '`fs.watch` on the directory, only events of that name': onlyForItsAlways,
    'inotify on the directory, only events of that name (Traefik 2, `filename`)': onlyForItsAlways,
    'Traefik 3, `filename`': onlyForItsAlways,
    'Traefik, `directory`': onlyForItsAlways,
    'Envoy, `path`': onlyForIts,
    'viper (Go)': onlyForIts,
    'viper (Go), in a sub-directory': { ...onlyForIts, 'first publish': '·' },
    'Prometheus 3, `--enable-feature=auto-reload-config`': onlyForIts,
    [nginxName]: always,
  },
  link: {
    '`fs.watch` on the directory above the link': oncePerPublish,
    'inotify on the directory above the link': oncePerPublish,
    'Envoy, `watched_directory`': { ...oncePerPublish, 'its file deleted': '1' },
    'chokidar on the file, polling': always,
    '`fs.watchFile` (stat polling)': always,
    'Prometheus 3, `--enable-feature=auto-reload-config`': onlyForIts,
    [nginxName]: always,
    'inotify on the file': firstOnly,
    '`fs.watch` on the file': firstOnly,
  },
};

/** They are told of `..data` at the first publish, a moment before the visible links are made, as for a ConfigMap. */
export const early: readonly string[] = ['configmap-reload', 'Envoy, `watched_directory`'];

/** It reads every file in every real directory, also of a set that is not finished: only the rename mode is for it. */
export const readsUnfinished = (watcher: string, mode: Mode): boolean =>
  watcher === 'Traefik, `directory`' && mode !== 'rename';
