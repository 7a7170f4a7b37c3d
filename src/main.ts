import { enableCompileCache } from 'node:module';

/**
 * The first file that is loaded, and it loads no other of the program before the process is set up: V8 looks at its flags
 * when it decides about code, and the loading of modules alone keeps it busy enough to start its compilers.
 */
const unexpected = 1;

/** Older versions stop at syntax that they do not know, in words that help nobody. */
function runtimeProblem(): string | undefined {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 22)) return undefined;
  return `wherry: needs Node.js 22.22 or newer, and this is ${process.versions.node}\n`;
}

/** A guess at what the arguments will turn out to mean; a wrong one costs some memory or speed, and nothing else. */
function looksLikeSidecar([first]: readonly string[], { WHERRY_MODE }: NodeJS.ProcessEnv): boolean {
  return first === 'run' || ((first === undefined || first.startsWith('--')) && WHERRY_MODE !== 'init');
}

/**
 * What a first set needs of Node, which brings these compiled; but V8 takes what was compiled under other flags for stale.
 * Loaded after its flags are set, they are compiled anew, which lasts 10 ms.
 */
const builtins = [
  'assert',
  'child_process',
  'cluster',
  'crypto',
  'fs/promises',
  'os',
  'timers/promises',
  'worker_threads',
] as const;

const problem = runtimeProblem();
if (problem !== undefined) {
  process.stderr.write(problem);
  process.exit(unexpected);
}
const argv = process.argv.slice(2);
const isSidecar = looksLikeSidecar(argv, process.env);
// What is read from a compile cache stays: 0.8 MiB, for as long as a sidecar runs.
if (!isSidecar) enableCompileCache();
// A SIGHUP means "sync now"; before there is anything to sync, and for commands that do not, it means nothing.
process.on('SIGHUP', () => undefined);
start().then(
  // Nothing that is still open may keep a finished command alive.
  (code) => process.exit(code),
  () => process.exit(unexpected),
);

async function start(): Promise<number> {
  if (isSidecar) {
    for (const name of builtins) process.getBuiltinModule(`node:${name}`);
    const { favourMemory } = await import('./platform/memory.ts');
    favourMemory(process.execArgv, process.env);
  }
  const { main } = await import('./commands/dispatch.ts');
  return main(argv, process.env);
}
