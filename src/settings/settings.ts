import { SettingsError } from '../failure/failure.ts';
import { type Layer, layerSchema, layerVariable } from './layers/schema.ts';
import { presetValues } from './preset-values.ts';
import { collect, filesChanged, type RawSettings, type RawValue } from './raw.ts';
import { rules } from './rules.ts';
import { type Settings, schema, variableName } from './schema.ts';
import type { Setting } from './setting.ts';

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
  const ofLayers = raw.layers.map(({ values }) => new Set(values.keys()));
  if (options.complete) {
    const broken = rules(settings, { given, ofLayers }, problems.length > 0);
    problems.push(...broken.filter((problem) => !raw.unread.some((variable) => names(problem, variable))));
  }
  if (problems.length > 0) throw new SettingsErrors(problems);
  return {
    settings,
    given,
    reread: () => (filesChanged(raw) ? loadSettings(options) : undefined),
  };
}

/** Of a value that could not be read nothing is to be said but that: neither that it is missing, nor what lacks it. */
function names(problem: string, variable: string): boolean {
  return new RegExp(`\\b${variable}\\b`).test(problem);
}

function parse(raw: RawSettings, problems: string[]): Settings {
  const preset = presetValues(raw.values.get('reloadPreset')?.text, new Set(raw.values.keys()));
  const settings = parseValues(schema, { ...raw, preset, nameOf: variableName }, problems) as Settings;
  if (raw.layers.length === 0) return settings;
  const layerList = raw.layers.map(({ name, values }): Layer => {
    const nameOf = (key: string) => layerVariable(name, key);
    const { mount, ...own } = parseValues(layerSchema, { values, nameOf }, problems);
    return { name, mount: typeof mount === 'string' ? mount : '', settings: { ...settings, ...own } };
  });
  return { ...settings, layerList };
}

interface Written {
  readonly values: ReadonlyMap<string, RawValue>;
  /** What stands in for values that are not there. */
  readonly preset?: ReadonlyMap<string, string>;
  /** What to name in an error where nothing was written. */
  readonly nameOf: (key: string) => string;
}

function parseValues(
  settings: Readonly<Record<string, Setting<unknown>>>,
  { values, preset, nameOf }: Written,
  problems: string[],
): Record<string, unknown> {
  const entries = Object.entries(settings).map(([key, setting]) => {
    const value = values.get(key);
    const text = value?.text ?? preset?.get(key) ?? setting.default;
    if (text === undefined) return [key, undefined];
    const parsed: unknown = setting.kind.parse(text);
    if (parsed === undefined) {
      const isSecret = setting.secret || setting.url || setting.kind.besideSecrets === true;
      const isShown = !isSecret && text.length <= 200 && !text.includes('\n');
      const shown = isShown ? `"${text}"` : 'the value';
      problems.push(`${value?.given ?? nameOf(key)}: ${shown} is not ${setting.kind.expected}`);
    }
    return [key, parsed];
  });
  return Object.fromEntries(entries);
}

/** User name and password go from every URL in a text that will be shown. */
export function hideCredentials(text: string): string {
  return text
    .replace(/(https?:\/\/)[^/@\s]*@/gi, '$1***@')
    .replace(/(\w+:\/\/[^/:@\s]*):[^/@\s]*@/g, '$1:***@');
}
