import type { Log } from '../platform/log.ts';
import { type SettingKey, type Settings, variableName } from '../settings/schema.ts';
import { type LoadedSettings, SettingsErrors } from '../settings/settings.ts';

/** Settings that are built into what is already running. */
const fixed: readonly SettingKey[] = [
  'target',
  'stateDir',
  'lock',
  'mode',
  'publish',
  'adopt',
  'linkName',
  'fileMode',
  'dirMode',
  'fsync',
  'maxBytes',
  'retain',
  'drift',
  'logLevel',
  'logFormat',
  'adminAddress',
];

/** Follows the files that settings came from, so that rotated credentials are used without a restart. */
export class SettingsWatch {
  readonly #log: Log;
  #loaded: LoadedSettings;
  #reported: string | undefined;
  #hasChanged = false;

  constructor(loaded: LoadedSettings, log: Log) {
    this.#loaded = loaded;
    this.#log = log;
  }

  /** The settings as their files are now. */
  get current(): Settings {
    this.#reread();
    return this.#loaded.settings;
  }

  /** The new settings when a file changed since the last call. */
  takeChanged(): Settings | undefined {
    const settings = this.current;
    if (!this.#hasChanged) return undefined;
    this.#hasChanged = false;
    return settings;
  }

  /** What is wrong with changed settings is said once, and the old ones stay. */
  #reread(): void {
    try {
      const next = this.#loaded.reread();
      if (next === undefined) return;
      this.#warnOfFixed(next.settings);
      this.#loaded = next;
      this.#reported = undefined;
      this.#hasChanged = true;
      this.#log.info({}, 'settings were read again: a file that holds one changed');
    } catch (error) {
      if (!(error instanceof SettingsErrors)) throw error;
      if (this.#reported !== error.message) {
        this.#log.error({ problems: error.problems }, 'changed settings are wrong; the old ones stay');
      }
      this.#reported = error.message;
    }
  }

  #warnOfFixed(next: Settings): void {
    const changed = fixed.filter(
      (key) => JSON.stringify(next[key]) !== JSON.stringify(this.#loaded.settings[key]),
    );
    if (changed.length > 0) {
      this.#log.warn({ settings: changed.map(variableName) }, 'these settings take effect at the next start');
    }
  }
}
