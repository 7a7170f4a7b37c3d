import { expect, test } from 'vitest';
import { ReleaseCommand } from '../../../src/commands/demo/release-command.ts';

function command(script: string): ReleaseCommand {
  return new ReleaseCommand({ program: [process.execPath, '-e', script], settings: { A_NAME: 'a value' } });
}

const { signal } = new AbortController();

test('a release of the demo that fails is quoted in one line', async () => {
  const failing = command('console.error("no\\nbucket"); process.exitCode = 4');
  await expect(failing.run([], signal)).rejects.toThrow(/^wherry release: it ended with 4: no bucket$/);
});

test('a release of the demo that cannot be started says why', async () => {
  const missing = new ReleaseCommand({ program: ['/no/such/program'], settings: {} });
  await expect(missing.run([], signal)).rejects.toThrow(/^wherry release: spawn \/no\/such\/program ENOENT$/);
});

test('a release of the demo has the settings, and none of the user’s', async () => {
  process.env['AWS_PROFILE'] = 'of the user';
  const telling = command('console.error(process.env.A_NAME, process.env.AWS_PROFILE)');
  try {
    expect(await telling.run([], signal)).toBe('a value undefined');
  } finally {
    delete process.env['AWS_PROFILE'];
  }
});

test('a release of the demo ends when it is interrupted', async () => {
  const stop = new AbortController();
  const running = command('setInterval(() => undefined, 1000)').run([], stop.signal);
  stop.abort();
  await expect(running).rejects.toThrow(/aborted/);
});

test('what is shown for a shell is quoted where it must be', () => {
  const words = new ReleaseCommand({ program: ['/opt/it is/wherry'], settings: { A: 'b', C: "d'e" } });
  expect(words.inShell(['/a b', 's3://c/d/'])).toEqual([
    'A=b \\',
    "C='d'\\''e' \\",
    "'/opt/it is/wherry' release '/a b' s3://c/d/",
  ]);
});
