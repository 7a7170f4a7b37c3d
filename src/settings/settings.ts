import { SettingsError } from '../failure/failure.ts';
import { presetValues } from './preset-values.ts';
import { collect, filesChanged, type RawSettings } from './raw.ts';
import { rules } from './rules.ts';
import { type Settings, schema, variableName } from './schema.ts';

/** Several things wrong at once, each a line of its own in `problems`. */
export class SettingsErrors extends SettingsError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super({ problem: problems.join(' · ') });
    this.problems = problems;
  }
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** The keys that the user set, in whatever way. */
  readonly given: ReadonlySet<string>;
  /** Looks at the files that values came from; undefined when none changed. Throws `SettingsErrors`. */
  reread(): LoadedSettings | undefined;
}

export interface LoadOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly flags: ReadonlyMap<string, string>;
  /** False for commands that read only the state: nothing is required of the source then. */
  readonly complete: boolean;
}

/** Parses every setting. Throws one `SettingsErrors` that names all that is wrong. */
export function loadSettings(options: LoadOptions): LoadedSettings {
  const raw = collect(options.env, options.flags);
  const problems = [...raw.problems];
  const settings = parse(raw, problems);
  const given = new Set(raw.values.keys());
  if (options.complete) problems.push(...rules(settings, given, problems.length > 0));
  if (problems.length > 0) throw new SettingsErrors(problems);
  return {
    settings,
    given,
    reread: () => (filesChanged(raw) ? loadSettings(options) : undefined),
  };
}

function parse(raw: RawSettings, problems: string[]): Settings {
  const preset = presetValues(raw.values.get('reloadPreset')?.text, new Set(raw.values.keys()));
  const entries = Object.entries(schema).map(([key, setting]) => {
    const value = raw.values.get(key);
    const text = value?.text ?? preset.get(key) ?? setting.default;
    if (text === undefined) return [key, undefined];
    const parsed: unknown = setting.kind.parse(text);
    if (parsed === undefined) {
      const isShown = !setting.secret && !setting.url && text.length <= 200 && !text.includes('\n');
      const shown = isShown ? `"${text}"` : 'the value';
      problems.push(`${value?.given ?? variableName(key)}: ${shown} is not ${setting.kind.expected}`);
    }
    return [key, parsed];
  });
  return Object.fromEntries(entries) as Settings;
}

/** User name and password go from every URL in a text that will be shown. */
export function hideCredentials(text: string): string {
  return text
    .replace(/(https?:\/\/)[^/@\s]*@/gi, '$1***@')
    .replace(/(\w+:\/\/[^/:@\s]*):[^/@\s]*@/g, '$1:***@');
}
