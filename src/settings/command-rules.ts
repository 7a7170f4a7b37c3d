import { parseCommand } from '../platform/command-form.ts';
import { formatDuration } from '../platform/units.ts';
import { idle } from './idle.ts';
import { type SettingKey, type Settings, variableName } from './schema.ts';

/** What each command is told by a placeholder. */
const placeholders = {
  validateExec: ['staged', 'target', 'revision'],
  reloadExec: ['target', 'revision', 'changed'],
} as const satisfies Partial<Record<SettingKey, readonly string[]>>;

type CommandKey = keyof typeof placeholders;

const known = new Set<string>(Object.values(placeholders).flat());

/** A command that cannot be run, or that is not told what it asks for, would only be found out when there is a set. */
export function commandRules(settings: Settings, given: ReadonlySet<string>): readonly string[] {
  return [
    ...formRules('validateExec', settings),
    ...formRules('reloadExec', settings),
    ...validateTimeoutRules(settings, given),
  ];
}

function formRules(key: CommandKey, settings: Settings): readonly string[] {
  const command = settings[key];
  if (command === undefined) return [];
  const parsed = parseCommand(command);
  if (parsed.kind === 'malformed') {
    return [
      `${variableName(key)}: ${parsed.problem}; give a shell command, or a JSON array of a program and its arguments`,
    ];
  }
  const own: readonly string[] = placeholders[key];
  const names = [...command.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const foreign = [...new Set(names)].filter((name) => known.has(name) && !own.includes(name));
  return foreign.map(
    (name) =>
      `${variableName(key)}: {${name}} has no value there; write ${own.map((one) => `{${one}}`).join(', ')}, or remove it`,
  );
}

function validateTimeoutRules(
  { validateExec, validateTimeout, syncTimeout }: Settings,
  given: ReadonlySet<string>,
): readonly string[] {
  if (validateExec === undefined) {
    return given.has('validateExec') ? [] : idle(['validateTimeout'], given, 'WHERRY_VALIDATE_EXEC');
  }
  if (!given.has('validateTimeout') || validateTimeout === undefined || syncTimeout === undefined) return [];
  if (validateTimeout < syncTimeout) return [];
  const [longest, whole] = [validateTimeout, syncTimeout].map(formatDuration);
  return [
    `WHERRY_VALIDATE_TIMEOUT: "${longest}" is not less than WHERRY_SYNC_TIMEOUT, "${whole}", which ends the validation too; raise that, or lower this`,
  ];
}
