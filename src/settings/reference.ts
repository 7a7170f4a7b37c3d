import { schema, variableName } from './schema.ts';
import type { Section, Setting } from './setting.ts';
import { unavailable } from './unavailable.ts';

export interface SettingRow {
  readonly variable: string;
  readonly section: Section;
  readonly default: string | undefined;
  readonly secret: boolean;
  readonly expected: string;
  readonly meaning: string;
}

const titles: Readonly<Record<Section, string>> = {
  common: 'Common',
  git: 'Git (`WHERRY_SOURCE=git`)',
  s3: 'S3 (`WHERRY_SOURCE=s3`)',
  directory: 'Directory (`WHERRY_SOURCE=dir`)',
  gate: 'Gate and signal',
  admin: 'Administration',
};

export function settingRows(): readonly SettingRow[] {
  return Object.entries<Setting<unknown>>(schema).map(([key, setting]) => ({
    variable: variableName(key),
    section: setting.section,
    default: setting.default,
    secret: setting.secret,
    expected: setting.kind.expected,
    meaning: setting.meaning,
  }));
}

/** The reference tables of the README, which a test compares with this. */
export function settingsMarkdown(): string {
  const sections = Object.entries(titles).map(([section, title]) => {
    const rows = Object.entries<Setting<unknown>>(schema)
      .filter(([, setting]) => setting.section === section)
      .map(
        ([key, setting]) => `| \`${variableName(key)}\` | ${defaultOf(setting)} | ${cell(setting.meaning)} |`,
      );
    return [`### ${title}`, '', '| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
  });
  const names = unavailable.map((name) => `\`${name}\``).join(', ');
  const rest = `Reserved for later versions, and refused with an error until then: ${names}.`;
  return `${[...sections, rest].join('\n\n')}\n`;
}

function defaultOf(setting: Setting<unknown>): string {
  return setting.defaultNote ?? (setting.default === undefined ? 'none' : `\`${cell(setting.default)}\``);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
