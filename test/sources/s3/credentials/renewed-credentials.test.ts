import { utimes, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { DeniedError, UnreachableError } from '../../../../src/failure/failure.ts';
import {
  type Found,
  RenewedCredentials,
} from '../../../../src/sources/s3/credentials/renewed-credentials.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { fileWith, never } from './credentials-bench.ts';

const minute = 60_000;

function found(id: string, expiresAt: number | undefined): Found {
  return {
    description: 'a test',
    credentials: { accessKeyId: id, secretAccessKey: `secret of ${id}`, sessionToken: undefined, expiresAt },
  };
}

/** A source whose answers and clock the test gives. */
function bench(answer: () => Found | Promise<Found>, files: readonly string[] = []) {
  const clock = { now: 0 };
  const calls = { count: 0 };
  const log = new RecordingLog();
  const source = new RenewedCredentials({
    description: 'tests',
    files,
    log,
    now: () => clock.now,
    random: () => 0,
    find: async () => {
      calls.count += 1;
      return answer();
    },
  });
  return { source, clock, calls, lines: log.lines, id: async () => (await source.get(never)).accessKeyId };
}

describe('credentials that end', () => {
  test('are found once for all who ask at the same time', async () => {
    const { source, calls } = bench(() => found('a', 60 * minute));
    await Promise.all([source.get(never), source.get(never), source.get(never)]);
    await source.get(never);
    expect(calls.count).toBe(1);
  });

  test('are renewed five minutes before, and nobody waits for it', async () => {
    const second = Promise.withResolvers<Found>();
    const answers: (Found | Promise<Found>)[] = [found('a', 60 * minute), second.promise];
    const { clock, calls, id } = bench(() => answers.shift() ?? found('none', undefined));
    await id();
    clock.now = 55 * minute - 1;
    await id();
    expect(calls.count).toBe(1);
    clock.now = 55 * minute;
    expect(await id()).toBe('a');
    expect(await id()).toBe('a');
    expect(calls.count).toBe(2);
    second.resolve(found('b', 120 * minute));
    await expect.poll(id).toBe('b');
    expect(calls.count).toBe(2);
  });

  test('are renewed after half of a life that is shorter', async () => {
    let next = 0;
    const { clock, calls, id } = bench(() => found(`k${next++}`, clock.now + 4 * minute));
    await id();
    clock.now = 2 * minute - 1;
    await id();
    expect(calls.count).toBe(1);
    clock.now = 2 * minute;
    await id();
    await expect.poll(id).toBe('k1');
  });

  test('are used to their end if none follow, which is told once', async () => {
    const answers = [found('a', 60 * minute)];
    const failure = new UnreachableError({ problem: 'STS is down' });
    const { clock, calls, lines, id } = bench(() => {
      const answer = answers.shift();
      if (answer === undefined) throw failure;
      return answer;
    });
    await id();
    clock.now = 56 * minute;
    await id();
    await expect.poll(() => lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await id();
    expect(calls.count).toBe(2);
    clock.now += 10_000;
    await id();
    await expect.poll(() => calls.count).toBe(3);
    clock.now += 10_000;
    expect(await id()).toBe('a');
    expect(calls.count).toBe(3);
    expect(lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    clock.now = 60 * minute;
    await expect(id()).rejects.toBe(failure);
  });

  test('that had ended when they came are none', async () => {
    const { source } = bench(() => found('a', 0));
    await expect(source.get(never)).rejects.toThrow(DeniedError);
    await expect(source.get(never)).rejects.toThrow(/ended at 1970-.*check the clock/);
  });
});

describe('a file', () => {
  test('that changes has the credentials found anew, looked at once a second', async () => {
    const file = await fileWith('1');
    let next = 0;
    const { clock, calls, id } = bench(() => found(`k${next++}`, undefined), [file]);
    await id();
    await writeFile(file, 'two');
    clock.now = 999;
    await id();
    expect(calls.count).toBe(1);
    clock.now = 1000;
    expect(await id()).toBe('k0');
    await expect.poll(id).toBe('k1');
    clock.now = 60 * minute;
    await id();
    expect(calls.count).toBe(2);
  });

  test('that changes during a search is not overlooked', async () => {
    const file = await fileWith('1');
    const slow = Promise.withResolvers<Found>();
    const answers = [found('a', undefined), slow.promise, found('c', undefined)];
    const { source, clock, id } = bench(() => answers.shift() ?? found('none', undefined), [file]);
    const renewing = source.renew(await source.get(never), never);
    await writeFile(file, 'two');
    clock.now = 1000;
    expect(await id()).toBe('a');
    slow.resolve(found('b', undefined));
    await renewing;
    await expect.poll(id).toBe('c');
  });

  test('that changes ends the pause after a failure', async () => {
    const file = await fileWith('1');
    const answers: (Found | Error)[] = [found('a', undefined), new Error('torn'), found('b', undefined)];
    const { clock, lines, id } = bench(() => {
      const answer = answers.shift() ?? new Error('no more');
      if (answer instanceof Error) throw answer;
      return answer;
    }, [file]);
    await id();
    await writeFile(file, 'torn');
    clock.now = 1000;
    await id();
    await expect.poll(() => lines.some(({ level }) => level === 'warn')).toBe(true);
    await utimes(file, 1, 1);
    clock.now = 2000;
    await id();
    await expect.poll(id).toBe('b');
  });
});

describe('credentials that the store refused', () => {
  test('are found anew, but not twice within ten seconds', async () => {
    const { source, clock, calls } = bench(() => found('a', undefined));
    const refused = await source.get(never);
    expect(await source.renew(refused, never)).toBe(false);
    expect(await source.renew(refused, never)).toBe(false);
    expect(calls.count).toBe(2);
    clock.now = 10_000;
    expect(await source.renew(refused, never)).toBe(false);
    expect(calls.count).toBe(3);
  });

  test('give way to others, for all who ask', async () => {
    let next = 0;
    const { source, calls, id } = bench(() => found(`k${next++}`, undefined));
    const refused = await source.get(never);
    expect(await Promise.all([source.renew(refused, never), source.renew(refused, never)])).toContain(true);
    expect(await id()).toBe('k1');
    expect(await source.renew(refused, never)).toBe(true);
    expect(calls.count).toBe(2);
  });

  test('stay if none can be found, and the reason is in the log', async () => {
    const answers = [found('a', undefined)];
    const { source, lines } = bench(() => {
      const answer = answers.shift();
      if (answer === undefined) throw new UnreachableError({ problem: 'STS is down' });
      return answer;
    });
    expect(await source.renew(await source.get(never), never)).toBe(false);
    expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { err: { message: 'STS is down' } } });
  });
});

describe('a search', () => {
  test('that its caller gives up goes on for the next one', async () => {
    const answer = Promise.withResolvers<Found>();
    const { source, calls, id } = bench(() => answer.promise);
    const abort = new AbortController();
    const waiting = source.get(abort.signal);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    answer.resolve(found('a', undefined));
    expect(await id()).toBe('a');
    expect(calls.count).toBe(1);
  });

  test('ends with the source', async () => {
    const log = new RecordingLog();
    const source = new RenewedCredentials({
      description: 'tests',
      files: [],
      log,
      find: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    const waiting = source.get(never);
    waiting.catch(() => undefined);
    await source[Symbol.asyncDispose]();
    await expect(waiting).rejects.toThrow('no longer needed');
  });
});

test('credentials that come from elsewhere than before are told', async () => {
  const answers = [
    { ...found('a', undefined), description: 'shared files' },
    { ...found('b', undefined), description: 'instance role (IMDS)' },
  ];
  const { source, lines } = bench(() => answers.shift() ?? found('none', undefined));
  await source.renew(await source.get(never), never);
  expect(source.description).toBe('instance role (IMDS)');
  expect(lines.map(({ fields }) => fields)).toEqual([
    { credentials: 'shared files' },
    { credentials: 'instance role (IMDS)', before: 'shared files' },
  ]);
  expect(JSON.stringify(lines)).not.toContain('secret');
});
