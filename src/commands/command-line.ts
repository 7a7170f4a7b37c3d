import { isLayerVariable, sourceKeys } from '../settings/layers/schema.ts';
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
  'release',
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
  release: ['--list', '--dry-run', '--force', '--no-compare-and-swap', '--json'],
  settings: ['--markdown', '--json'],
};
/** What has a value and is no setting, and whether the value may be left out. */
const options: Readonly<Partial<Record<string, Readonly<Record<string, 'required' | 'optional'>>>>> = {
  release: {
    '--pointer': 'required',
    '--rev': 'required',
    '--message': 'required',
    '--limit': 'required',
    '--rollback': 'optional',
  },
};
/** These take words: a probe, a revision, a directory and a place. */
const mostWords: Readonly<Partial<Record<string, number>>> = { healthcheck: 1, pin: 1, release: 2, help: 1 };
const reserved = ['relay'];
const answers = ['--help', '-h', '--version', '-V'];

export interface CommandLine {
  /** Undefined when none was named: `WHERRY_MODE` decides between `run` and `init`. */
  readonly command: CommandName | 'help' | 'version' | undefined;
  /** For `help`: the command that it is about. */
  readonly words: readonly string[];
  readonly switches: ReadonlySet<string>;
  /** What has a value and is no setting: `--pointer` → value; an optional value that was left out is empty. */
  readonly options: ReadonlyMap<string, string>;
  /** Settings given as flags: `--git-repo` → value. */
  readonly flags: ReadonlyMap<string, string>;
}

/** Takes `argv` without the program's name apart. Throws `SettingsErrors` that name the nearest command or flag. */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  // What a flag means can depend on the command, which may stand behind it.
  const [first = ''] = sortArguments(argv, {}).words;
  const found = sortArguments(argv, options[first] ?? {});
  const { words, own, flags, problems } = found;
  const command = commandOf(words[0], own, problems);
  const isAnswer = command === 'help' || command === 'version';
  const allowed = command === undefined || isAnswer ? [] : switches[command];
  for (const name of own) {
    if (!isAnswer && !allowed.includes(name)) {
      problems.push(`${name}: has no meaning for \`wherry ${command ?? 'run'}\`; remove it`);
    }
  }
  const rest = wordsFor(command, words);
  const [extra] = rest.slice(mostWords[command ?? ''] ?? 0);
  if (extra !== undefined && problems.length === 0) problems.push(`${extra}: not expected here; remove it`);
  if (problems.length > 0) throw new SettingsErrors(problems);
  return { command, words: rest, switches: own, options: found.options, flags };
}

interface Sorted {
  readonly words: string[];
  readonly own: Set<string>;
  readonly options: Map<string, string>;
  readonly flags: Map<string, string>;
  readonly problems: string[];
}

function sortArguments(
  argv: readonly string[],
  withValue: Readonly<Record<string, 'required' | 'optional'>>,
): Sorted {
  const sorted: Sorted = { words: [], own: new Set(), options: new Map(), flags: new Map(), problems: [] };
  const rest = [...argv];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (!argument.startsWith('-') || argument === '-') sorted.words.push(argument);
    else if (answers.includes(argument) || isSwitch(argument)) sorted.own.add(argument);
    else if (Object.hasOwn(withValue, splitOnce(argument)[0])) takeOption(argument, rest, withValue, sorted);
    else if (argument.startsWith('--')) takeFlag(argument, rest, sorted, Object.keys(withValue));
    else sorted.problems.push(`${argument}: no such flag; \`wherry --help\` lists them`);
  }
  return sorted;
}

/** `--name=value`, `--name value`, or `--name` alone where the value may be left out. */
function takeOption(
  argument: string,
  rest: string[],
  withValue: Readonly<Record<string, 'required' | 'optional'>>,
  { options: taken, problems }: Sorted,
): void {
  const [name, inline] = splitOnce(argument);
  const [next] = rest;
  const isOptional = withValue[name] === 'optional';
  const isOther = next === undefined || next.startsWith('--') || (isOptional && next.includes('/'));
  if (taken.has(name)) problems.push(`${name}: is there twice; keep one of the two`);
  if (inline !== undefined && inline !== '') taken.set(name, inline);
  else if (inline === undefined && !isOther) taken.set(name, rest.shift() ?? '');
  else if (inline === undefined && isOptional) taken.set(name, '');
  else problems.push(`${name}: needs a value; write ${name} VALUE`);
}

/** `--name=value`, `--name value`, or `--name` alone for a setting that is true or false. */
function takeFlag(
  argument: string,
  rest: string[],
  { flags, problems }: Sorted,
  withValue: readonly string[],
): void {
  const [name, inline] = splitOnce(argument);
  const [next] = rest;
  const meant = isSetting(name) ? undefined : nearest(name, [...settingFlags(), ...noSettings(withValue)]);
  if (meant !== undefined && !isSetting(meant))
    problems.push(`${name}: no such flag; did you mean ${meant}?`);
  else if (inline !== undefined) flags.set(name, inline);
  else if (isBoolean(name) && !isValueOfBoolean(next)) flags.set(name, 'true');
  else if (next === undefined || next.startsWith('--')) {
    // Whoever collects the settings says of another name that there is no such setting.
    if (isSetting(name)) problems.push(`${name}: needs a value; write ${name} VALUE`);
    else flags.set(name, '');
  } else flags.set(name, rest.shift() ?? '');
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

/** What stands behind the command; for `help` the command that it is about, whatever stands behind that. */
function wordsFor(command: CommandLine['command'], words: readonly string[]): readonly string[] {
  if (command !== 'help') return words.slice(1);
  return words.filter((word) => word !== 'help').slice(0, 1);
}

function settingFlags(): readonly string[] {
  return Object.keys(schema).map((key) => flagName(variableName(key)));
}

/** Of the set, or in the form of a layer's: which layers there are is not known yet. */
function isSetting(flag: string): boolean {
  return settingFlags().includes(flag.replace(/-file$/, '')) || isLayerVariable(variableOf(flag));
}

function variableOf(flag: string): string {
  return `WHERRY_${flag.slice(2).toUpperCase().replaceAll('-', '_')}`;
}

function noSettings(withValue: readonly string[]): readonly string[] {
  return [...Object.values(switches).flat(), ...withValue];
}

function isSwitch(name: string): boolean {
  return Object.values(switches).some((names) => names.includes(name));
}

function isBoolean(flag: string): boolean {
  return Object.entries(schema).some(
    ([key, { kind }]) =>
      'flag' in kind && kind.flag && (flagName(variableName(key)) === flag || isOfLayer(flag, key)),
  );
}

function isOfLayer(flag: string, key: string): boolean {
  return sourceKeys.some((own) => own === key) && flag.endsWith(flagName(variableName(key)).slice(1));
}

function isValueOfBoolean(value: string | undefined): boolean {
  return value !== undefined && schema.fsync.kind.parse(value) !== undefined;
}

function splitOnce(argument: string): readonly [string, string | undefined] {
  const at = argument.indexOf('=');
  return at === -1 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}
