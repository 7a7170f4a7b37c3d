import process from 'node:process';

/** Everything in one process tree, with no settings; `--once` or a pipe ends by itself. */
export async function demo(once: boolean): Promise<number> {
  const { runDemo } = await import('./demo/demo.ts');
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  process.once('SIGHUP', () => stop.abort());
  const terminal = process.stdout.isTTY === true;
  const program = [process.execPath, process.argv[1] ?? ''];
  const color = terminal && process.env['NO_COLOR'] === undefined;
  return runDemo({
    once: once || !terminal,
    terminal,
    color,
    out: process.stdout,
    signal: stop.signal,
    program,
  });
}
