import { settingRows, settingsMarkdown } from '../settings/reference.ts';

/** `wherry settings`: for people, as Markdown, or as JSON. */
export function printSettings(switches: ReadonlySet<string>, out: NodeJS.WritableStream): number {
  if (switches.has('--json')) out.write(`${JSON.stringify(settingRows(), null, 2)}\n`);
  else if (switches.has('--markdown')) out.write(settingsMarkdown());
  else {
    for (const { variable, default: value, meaning } of settingRows()) {
      out.write(`${variable.padEnd(34)} ${(value ?? '-').padEnd(10)} ${meaning.replaceAll('`', '')}\n`);
    }
  }
  return 0;
}
