import { nearest } from '../settings/nearest.ts';
import { flagName, schema, variableName } from '../settings/schema.ts';
import { SettingsErrors } from '../settings/settings.ts';

const commandNames = [
  'run',
  'init',
  'check',
  'status',
  'healthcheck',
  'hold',
  'pin',
  'resume',
  'rollback',
  'demo',
  'settings',
] as const;
type CommandName = (typeof commandNames)[number];

/** Words and switches that are no settings. */
const switches: Readonly<Record<CommandName, readonly string[]>> = {
  run: [],
  init: [],
  check: ['--json'],
  status: ['--json'],
  healthcheck: [],
  hold: ['--json'],
  pin: ['--json'],
  resume: ['--json'],
  rollback: ['--json'],
  demo: ['--once'],
  settings: ['--markdown', '--json'],
};
/** These take a word: a probe, a revision. */
const withWord: readonly (string | undefined)[] = ['healthcheck', 'pin'];
const reserved = ['release', 'relay'];
const answers = ['--help', '-h', '--version', '-V'];

export interface CommandLine {
  /** Undefined when none was named: `WHERRY_MODE` decides between `run` and `init`. */
  readonly command: CommandName | 'help' | 'version' | undefined;
  readonly words: readonly string[];
  readonly switches: ReadonlySet<string>;
  /** Settings given as flags: `--git-repo` → value. */
  readonly flags: ReadonlyMap<string, string>;
}

/** Takes `argv` without the program's name apart. Throws `SettingsErrors` that name the nearest command or flag. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const found = sortArguments(argv);
  const { words, own, flags, problems } = found;
  const command = commandOf(words[0], own, problems);
  const isAnswer = command === 'help' || command === 'version';
  const allowed = command === undefined || isAnswer ? [] : switches[command];
  for (const name of own) {
    if (!isAnswer && !allowed.includes(name)) {
      problems.push(`${name}: has no meaning for \`wherry ${command ?? 'run'}\`; remove it`);
    }
  }
  const extra = words.slice(withWord.includes(command) ? 2 : 1);
  if (extra.length > 0 && problems.length === 0) problems.push(`${extra[0]}: not expected here; remove it`);
  if (problems.length > 0) throw new SettingsErrors(problems);
  return { command, words: words.slice(1), switches: own, flags };
}

interface Sorted {
  readonly words: string[];
  readonly own: Set<string>;
  readonly flags: Map<string, string>;
  readonly problems: string[];
}

function sortArguments(argv: readonly string[]): Sorted {
  const sorted: Sorted = { words: [], own: new Set(), flags: new Map(), problems: [] };
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (!argument.startsWith('-') || argument === '-') sorted.words.push(argument);
    else if (answers.includes(argument) || isSwitch(argument)) sorted.own.add(argument);
    else if (argument.startsWith('--')) takeFlag(argument, rest, sorted);
    else sorted.problems.push(`${argument}: no such flag; \`wherry --help\` lists them`);
  }
  return sorted;
}

/** `--name=value`, `--name value`, or `--name` alone for a setting that is true or false. */
function takeFlag(argument: string, rest: string[], { flags, problems }: Sorted): void {
  const [name, inline] = splitOnce(argument);
  const [next] = rest;
  if (inline !== undefined) flags.set(name, inline);
  else if (isBoolean(name) && !isValueOfBoolean(next)) flags.set(name, 'true');
  else if (next === undefined || next.startsWith('--'))
    problems.push(`${name}: needs a value; write ${name} VALUE`);
  else flags.set(name, rest.shift() ?? '');
}

function commandOf(
  word: string | undefined,
  own: ReadonlySet<string>,
  problems: string[],
): CommandLine['command'] {
  if (own.has('--help') || own.has('-h') || word === 'help') return 'help';
  if (own.has('--version') || own.has('-V')) return 'version';
  const found = commandNames.find((name) => name === word);
  if (word === undefined || found !== undefined) return found;
  const near = nearest(word, commandNames);
  const hint = near === undefined ? '`wherry --help` lists them' : `did you mean ${near}?`;
  problems.push(
    reserved.includes(word)
      ? `${word}: this command is not part of this version`
      : `${word}: no such command; ${hint}`,
  );
  return undefined;
}

function isSwitch(name: string): boolean {
  return Object.values(switches).some((names) => names.includes(name));
}

function isBoolean(flag: string): boolean {
  return Object.entries(schema).some(
    ([key, { kind }]) => 'flag' in kind && kind.flag && flagName(variableName(key)) === flag,
  );
}

function isValueOfBoolean(value: string | undefined): boolean {
  return value !== undefined && schema.fsync.kind.parse(value) !== undefined;
}

function splitOnce(argument: string): readonly [string, string | undefined] {
  const at = argument.indexOf('=');
  return at === -1 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}
