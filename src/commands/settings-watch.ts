import type { Log } from '../platform/log.ts';
import { type SettingKey, type Settings, variableName } from '../settings/schema.ts';
import { type LoadedSettings, SettingsErrors } from '../settings/settings.ts';

/** Settings that are built into what is already running. */
const fixed: readonly SettingKey[] = [
  'target',
  'stateDir',
  'mode',
  'fileMode',
  'dirMode',
  'fsync',
  'maxBytes',
  'retain',
  'logLevel',
  'logFormat',
  'adminAddress',
];

/** Follows the files that settings came from, so that rotated credentials are used without a restart. */
export class SettingsWatch {
  readonly #log: Log;
  #loaded: LoadedSettings;
  #reported: string | undefined;

  constructor(loaded: LoadedSettings, log: Log) {
    this.#loaded = loaded;
    this.#log = log;
  }

  get current(): Settings {
    return this.#loaded.settings;
  }

  /** The new settings when a file changed. What is wrong with them is said once, and the old ones stay. */
  reread(): Settings | undefined {
    try {
      const next = this.#loaded.reread();
      if (next === undefined) return undefined;
      this.#warnOfFixed(next.settings);
      this.#loaded = next;
      this.#reported = undefined;
      this.#log.info({}, 'settings were read again: a file that holds one changed');
      return next.settings;
    } catch (error) {
      if (!(error instanceof SettingsErrors)) throw error;
      if (this.#reported !== error.message) {
        this.#log.error({ problems: error.problems }, 'changed settings are wrong; the old ones stay');
      }
      this.#reported = error.message;
      return undefined;
    }
  }

  #warnOfFixed(next: Settings): void {
    const changed = fixed.filter((key) => JSON.stringify(next[key]) !== JSON.stringify(this.current[key]));
    if (changed.length > 0) {
      this.#log.warn({ settings: changed.map(variableName) }, 'these settings take effect at the next start');
    }
  }
}
