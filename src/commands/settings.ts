import { type SettingRow, settingRows, settingsMarkdown } from '../settings/reference.ts';

/** `wherry settings`: for people, as Markdown, or as JSON. */
export function printSettings(switches: ReadonlySet<string>, out: NodeJS.WritableStream): number {
  if (switches.has('--json')) out.write(`${JSON.stringify(settingRows(), null, 2)}\n`);
  else if (switches.has('--markdown')) out.write(settingsMarkdown());
  else for (const row of settingRows()) out.write(lineOf(row));
  return 0;
}

function lineOf({ variable, default: value, defaultNote, meaning }: SettingRow): string {
  const shown = plain(value ?? defaultNote ?? 'none');
  return `${variable.padEnd(34)} ${shown.padEnd(10)}  ${plain(meaning)}\n`;
}

/** Without the marks of Markdown. */
function plain(text: string): string {
  return text.replaceAll('`', '').replace(/\*(\w+)\*/g, '$1');
}
