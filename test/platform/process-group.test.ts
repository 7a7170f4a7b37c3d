import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runGroup, spawnGroup } from '../../src/platform/process-group.ts';

const env = { PATH: process.env['PATH'] };
const never = new AbortController().signal;

/** A zombie that nobody has waited for yet does no harm. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX');
  return !/^State:\t[XZ]/m.test(status);
}

async function firstLine(stream: AsyncIterable<Buffer>): Promise<string> {
  for await (const chunk of stream) return chunk.toString().trim();
  return '';
}

describe('a process group', () => {
  test('is led by the program itself', async () => {
    const { stdout } = await runGroup('sh', ['-c', 'ps -o pid=,pgid= -p $$'], {
      env,
      signal: never,
      maxOutput: 1000,
    });
    const [pid, group] = stdout.toString().trim().split(/\s+/);
    expect(pid).toBe(group);
  });

  test('gives output, exit code and the last of what was said on standard error', async () => {
    const script = 'cat; for i in $(seq 5000); do echo line $i >&2; done; exit 3';
    const ended = await runGroup('sh', ['-c', script], { env, signal: never, maxOutput: 1000 });
    expect(ended.code).toBe(3);
    expect(ended.stderr.endsWith('line 4999\nline 5000\n')).toBe(true);
    expect(ended.stderr.length).toBe(16 * 1024);
  });

  test('that cannot be had for want of file descriptors is an error like any other', async () => {
    const script = `
      import { openSync } from 'node:fs';
      const { spawnGroup } = await import(${JSON.stringify(resolve('src/platform/process-group.ts'))});
      try { for (;;) openSync('/dev/null', 'r'); } catch {}
      try {
        await spawnGroup('true', [], { env: {}, signal: new AbortController().signal }).ended;
      } catch ({ code }) {
        process.stdout.write(code);
      }`;
    const node = ['--input-type=module', '-e', script];
    const limited = ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, ...node];
    const ended = await runGroup('sh', limited, { env, signal: never, maxOutput: 1000 });
    expect([ended.code, ended.stdout.toString()]).toEqual([0, 'EMFILE']);
  });

  test('is killed whole by an abort, which does not wait for pipes', async () => {
    const abort = new AbortController();
    // The second sleeper leaves the group and keeps the pipe open.
    const script = 'sleep 600 & echo $!; setsid sleep 3 & wait';
    const group = spawnGroup('sh', ['-c', script], { env, signal: abort.signal });
    const sleeper = Number(await firstLine(group.child.stdout));
    const since = performance.now();
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(group.ended).rejects.toBe(reason);
    expect(performance.now() - since).toBeLessThan(1000);
    await expect.poll(() => isAlive(sleeper)).toBe(false);
    await expect.poll(() => isAlive(group.child.pid ?? 0)).toBe(false);
  });

  test('is killed by disposal', async () => {
    let pid: number | undefined;
    {
      using group = spawnGroup('sleep', ['600'], { env, signal: never });
      pid = group.child.pid;
    }
    await expect.poll(() => isAlive(pid ?? 0)).toBe(false);
  });

  test('is not started after an abort', () => {
    const reason = new Error('too late');
    expect(() => spawnGroup('true', [], { env, signal: AbortSignal.abort(reason) })).toThrow(reason);
  });

  test('that cannot be started tells why', async () => {
    const running = runGroup('/no/such/program', [], { env, signal: never, maxOutput: 1 });
    await expect(running).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('that writes too much is ended', async () => {
    const running = runGroup('yes', [], { env, signal: never, maxOutput: 10_000 });
    await expect(running).rejects.toThrow('yes wrote more than 10000 bytes');
  });
});
