import { exitCodes, SettingsError } from '../failure/failure.ts';
import type { LoadedSettings } from '../settings/settings.ts';
import { loadSettings } from '../settings/settings.ts';
import type { CommandLine } from './command-line.ts';
import { parseCommandLine } from './command-line.ts';
import { reportFatal } from './report.ts';

/** Parses, and dispatches to a command; what a command needs is loaded with it. */
export async function main(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
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
      return (await import('./help.ts')).help(line.words[0], process.stdout);
    case 'version':
      return (await import('./help.ts')).printVersion(process.stdout);
    case 'settings':
      return (await import('./settings.ts')).printSettings(line.switches, process.stdout);
    case 'status':
      return (await import('./status.ts')).status(load(false), line.switches.has('--json'), process.stdout);
    case 'healthcheck':
      return (await import('./healthcheck.ts')).healthcheck(load(false), line.words[0], process.stdout);
    case 'hold':
    case 'pin':
    case 'resume':
    case 'rollback':
      return (await import('./steer.ts')).steer(
        load(false),
        { action: line.command, word: line.words[0], asJson: line.switches.has('--json') },
        process.stdout,
      );
    case 'check':
      return (await import('./check.ts')).check(
        { env, flags: line.flags, complete: true },
        line.switches.has('--json'),
        process.stdout,
      );
    case 'release':
      return (await import('./release.ts')).release(line, load(false).settings, env);
    case 'demo':
      return (await import('./demo.ts')).demo(line.switches.has('--once'));
    case 'init':
      return (await import('./init.ts')).init(load(true), env);
    case 'run': {
      const loaded = load(true);
      if (loaded.settings.mode === 'init') throw contradiction;
      return run(loaded, env);
    }
    case undefined: {
      const loaded = load(true);
      const isInit = loaded.settings.mode === 'init';
      return isInit ? (await import('./init.ts')).init(loaded, env) : run(loaded, env);
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
  const command = await import('./run.ts');
  const ended = command.run(loaded, env);
  // Only now, when another listens: one that came while modules were loaded would be lost with the last listener.
  process.off('SIGTERM', end);
  return ended;
}
