/** A user's command, taken apart. */
export type ParsedCommand =
  | { readonly kind: 'shell'; readonly file: string; readonly args: readonly string[] }
  | { readonly kind: 'argv'; readonly file: string; readonly args: readonly string[] }
  | { readonly kind: 'malformed'; readonly problem: string };

const shell = '/bin/sh';

/**
 * A line for the shell, or, as a JSON array of strings, a program and its arguments that no shell sees. `[ -f x ]` is
 * a line for the shell.
 */
export function parseCommand(command: string): ParsedCommand {
  const text = command.trim();
  if (text === '') return { kind: 'malformed', problem: 'it is empty' };
  const line: ParsedCommand = { kind: 'shell', file: shell, args: ['-c', command] };
  if (!text.startsWith('[')) return line;
  const list = parseList(text);
  if (list === undefined) return /^\[[ \t]/.test(text) ? line : malformed;
  const [file, ...args] = list;
  return file === undefined || file === '' ? malformed : { kind: 'argv', file, args };
}

const malformed: ParsedCommand = {
  kind: 'malformed',
  problem:
    'it starts with "[" and is no JSON array of strings such as ["nginx", "-t"], nor a test such as [ -f x ]',
};

function parseList(text: string): readonly string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) && parsed.every((item) => typeof item === 'string') ? parsed : undefined;
  } catch {
    return undefined;
  }
}
