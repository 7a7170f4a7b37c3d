import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';

const full = '/dev/full';
const logger = new URL('../../src/platform/logger.ts', import.meta.url).href;

/** Standard output of a program that logs to a standard error that takes nothing. */
function sayWhileLogFails(program: string): { readonly status: number | null; readonly said: string } {
  const stderr = openSync(full, 'w');
  try {
    const script = `import { createLogger } from ${JSON.stringify(logger)};\n${program}`;
    const args = ['--input-type=module', '--no-warnings', '-e', script];
    const { status, stdout } = spawnSync(process.execPath, args, { stdio: ['ignore', 'pipe', stderr] });
    return { status, said: stdout.toString() };
  } finally {
    closeSync(stderr);
  }
}

test.skipIf(!existsSync(full)).each(['json', 'pretty'])(
  'a log that cannot be written (%s) ends nothing',
  (format) => {
    const program = `
    const log = await createLogger({ level: 'info', format: '${format}' });
    for (let line = 0; line < 3; line += 1) {
      log.info({}, 'a line that is lost');
      await new Promise((resolve) => setImmediate(resolve));
    }
    process.stdout.write('went on');`;
    expect(sayWhileLogFails(program)).toEqual({ status: 0, said: 'went on' });
  },
);
