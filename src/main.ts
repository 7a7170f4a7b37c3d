import { enableCompileCache } from 'node:module';
import type { CommandLine } from './commands/command-line.ts';
import { parseCommandLine } from './commands/command-line.ts';
import { reportFatal } from './commands/report.ts';
import { exitCodes, SettingsError } from './failure/failure.ts';
import { favourMemory } from './platform/memory.ts';
import type { LoadedSettings } from './settings/settings.ts';
import { loadSettings } from './settings/settings.ts';

/** Parses, and dispatches to a command; what a command needs is loaded with it. */
async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  let command: CommandLine['command'];
  try {
    const line = parseCommandLine(argv);
    command = line.command;
    return await dispatch(line, env);
  } catch (error) {
    return reportFatal(error, command === undefined || command === 'run' || command === 'init');
  }
}

async function dispatch(line: CommandLine, env: NodeJS.ProcessEnv): Promise<number> {
  const load = (complete: boolean): LoadedSettings => loadSettings({ env, flags: line.flags, complete });
  switch (line.command) {
    case 'help':
      return (await import('./commands/help.ts')).help(process.stdout);
    case 'version':
      return (await import('./commands/help.ts')).printVersion(process.stdout);
    case 'settings':
      return (await import('./commands/settings.ts')).printSettings(line.switches, process.stdout);
    case 'status':
      return (await import('./commands/status.ts')).status(
        load(false),
        line.switches.has('--json'),
        process.stdout,
      );
    case 'healthcheck':
      return (await import('./commands/healthcheck.ts')).healthcheck(
        load(false),
        line.words[0],
        process.stdout,
      );
    case 'hold':
    case 'pin':
    case 'resume':
    case 'rollback':
      return (await import('./commands/steer.ts')).steer(
        load(false),
        { action: line.command, word: line.words[0], asJson: line.switches.has('--json') },
        process.stdout,
      );
    case 'check':
      return (await import('./commands/check.ts')).check(
        { env, flags: line.flags, complete: true },
        line.switches.has('--json'),
        process.stdout,
      );
    case 'demo':
      return (await import('./commands/demo.ts')).demo(line.switches.has('--once'));
    case 'init':
      return (await import('./commands/init.ts')).init(load(true), env);
    case 'run': {
      const loaded = load(true);
      if (loaded.settings.mode === 'init') throw contradiction;
      return run(loaded, env);
    }
    case undefined: {
      const loaded = load(true);
      const isInit = loaded.settings.mode === 'init';
      return isInit ? (await import('./commands/init.ts')).init(loaded, env) : run(loaded, env);
    }
  }
}

const contradiction = new SettingsError({
  setting: 'WHERRY_MODE',
  problem: 'it is init, and the command is run',
  cure: 'remove one of the two',
});

/** SIGTERM ends the sidecar with 0 at any time, also while it is being loaded. */
async function run(loaded: LoadedSettings, env: NodeJS.ProcessEnv): Promise<number> {
  const end = () => process.exit(exitCodes.done);
  process.once('SIGTERM', end);
  favourMemory();
  const command = await import('./commands/run.ts');
  process.off('SIGTERM', end);
  return command.run(loaded, env);
}

/** Older versions stop at syntax that they do not know, in words that help nobody. */
function runtimeProblem(): string | undefined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 22)) return undefined;
  return `wherry: needs Node.js 22.22 or newer, and this is ${process.versions.node}\n`;
}

const problem = runtimeProblem();
if (problem !== undefined) {
  process.stderr.write(problem);
  process.exit(exitCodes.unexpected);
}
// A SIGHUP means "sync now"; before there is anything to sync, and for commands that do not, it means nothing.
process.on('SIGHUP', () => undefined);
// The chunks that follow are compiled once; where nothing can be written this does nothing.
enableCompileCache();
main(process.argv.slice(2), process.env).then(
  // Nothing that is still open may keep a finished command alive.
  (code) => process.exit(code),
  () => process.exit(exitCodes.unexpected),
);
