import { layerSchema, sourceKeys } from './layers/schema.ts';
import { schema, variableName } from './schema.ts';
import type { Section, Setting } from './setting.ts';
import { unavailable } from './unavailable.ts';

export interface SettingRow {
  readonly variable: string;
  readonly section: Section;
  readonly default: string | undefined;
  /** The default in words, where it has no fixed text. */
  readonly defaultNote: string | undefined;
  readonly secret: boolean;
  readonly expected: string;
  readonly meaning: string;
}

const titles: Readonly<Record<Section, string>> = {
  common: 'Common',
  git: 'Git (`WHERRY_SOURCE=git`)',
  s3: 'S3 (`WHERRY_SOURCE=s3`)',
  directory: 'Directory (`WHERRY_SOURCE=dir`)',
  layers: 'Layers: several sources, one set',
  gate: 'Gate and signal',
  admin: 'Administration',
};

/** By their variables; of a layer's only what no set of one source has. */
const settings: readonly (readonly [string, Setting<unknown>])[] = [
  ...Object.entries<Setting<unknown>>(schema).map(([key, one]) => [variableName(key), one] as const),
  ...Object.entries(layerSchema)
    .filter(([key]) => !sourceKeys.some((other) => other === key))
    .map(([key, one]) => [variableName(key).replace('WHERRY_', 'WHERRY_<LAYER>_'), one] as const),
];

/** Under a table, where it does not tell all. */
const notes: Readonly<Partial<Record<Section, string>>> = {
  layers:
    'Each layer has the settings of its source with its name put in, and those of the set no longer: for a layer `site` they are `WHERRY_SITE_SOURCE` (required), `WHERRY_SITE_INCLUDE`, `WHERRY_SITE_EXCLUDE`, and every `WHERRY_SITE_GIT_…`, `WHERRY_SITE_S3_…` and `WHERRY_SITE_DIR_…` of the tables above, as variables, flags (`--site-git-repo`) and `_FILE` values. A `-` in a name becomes `_`. A name whose variables begin as a setting does (`git`, `s3`, `reload`…) is an error.',
};

export function settingRows(): readonly SettingRow[] {
  return settings.map(([variable, setting]) => ({
    variable,
    section: setting.section,
    default: setting.default,
    defaultNote: setting.defaultNote,
    secret: setting.secret,
    expected: setting.kind.expected,
    meaning: setting.meaning,
  }));
}

/** The reference tables of the README, which a test compares with this. */
export function settingsMarkdown(): string {
  const sections = Object.entries(titles).map(([section, title]) => {
    const rows = settings
      .filter(([, setting]) => setting.section === section)
      .map(([variable, setting]) => `| \`${variable}\` | ${defaultOf(setting)} | ${cell(setting.meaning)} |`);
    const note = noteOf(section);
    return [`### ${title}`, '', '| variable | default | meaning |', '|---|---|---|', ...rows, ...note].join(
      '\n',
    );
  });
  const names = unavailable.map((name) => `\`${name}\``).join(', ');
  const rest = `Reserved for later versions, and refused with an error until then: ${names}.`;
  return `${[...sections, rest].join('\n\n')}\n`;
}

function noteOf(section: string): readonly string[] {
  const note = Object.entries(notes).find(([name]) => name === section)?.[1];
  return note === undefined ? [] : ['', note];
}

function defaultOf(setting: Setting<unknown>): string {
  return setting.defaultNote ?? (setting.default === undefined ? 'none' : `\`${cell(setting.default)}\``);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
