import { describe, expect, test } from 'vitest';
import { Alarm } from '../../src/platform/alarm.ts';
import { type Limits, withDeadline } from '../../src/platform/deadline.ts';
import { Lanes } from '../../src/platform/lanes.ts';

describe('an alarm', () => {
  const never = new AbortController().signal;

  test('ends a wait when it rings', async () => {
    const alarm = new Alarm();
    const wait = alarm.wait(Number.POSITIVE_INFINITY, never);
    alarm.ring();
    await wait;
  });

  test('that rang while nobody waited ends the next wait, and only that', async () => {
    const alarm = new Alarm();
    alarm.ring();
    alarm.ring();
    await alarm.wait(Number.POSITIVE_INFINITY, never);
    const second = alarm.wait(Number.POSITIVE_INFINITY, never).then(() => 'over');
    expect(await Promise.race([second, new Promise((resolve) => setTimeout(resolve, 20))])).toBeUndefined();
    alarm.ring();
    expect(await second).toBe('over');
  });

  test('is over when its time has come, and when the signal is aborted', async () => {
    const alarm = new Alarm();
    await alarm.wait(1, never);
    const controller = new AbortController();
    const wait = alarm.wait(Number.POSITIVE_INFINITY, controller.signal);
    controller.abort();
    await wait;
  });

  test('is not over before its time, which may be between two milliseconds', async () => {
    for (let tries = 0; tries < 20; tries += 1) {
      const started = performance.now();
      await new Alarm().wait(2.97, never);
      expect(performance.now() - started).toBeGreaterThanOrEqual(2.97);
    }
  });
});

describe('a deadline', () => {
  const onTime = () => new Error('too late');
  const hang = ({ signal }: Limits) =>
    new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(new Error('interrupted'))),
    );

  test('gives its own reason, whatever the interruption looked like inside', async () => {
    await expect(withDeadline(5, new AbortController().signal, onTime, hang)).rejects.toThrow('too late');
  });

  test('passes an outer abort on, with its reason', async () => {
    const outer = new AbortController();
    const run = withDeadline(60_000, outer.signal, onTime, hang);
    outer.abort(new Error('the end'));
    await expect(run).rejects.toThrow('the end');
  });

  test('of a signal that is aborted already is over at once', async () => {
    await expect(
      withDeadline(60_000, AbortSignal.abort('gone'), onTime, async ({ signal }) => signal.throwIfAborted()),
    ).rejects.toBe('gone');
  });

  test('does not run while something outside is waited for', async () => {
    const { signal } = new AbortController();
    const wait = () => new Promise((resolve) => setTimeout(resolve, 60));
    const run = withDeadline(40, signal, onTime, async (limits) => {
      await limits.outside(wait());
      return limits.signal.aborted;
    });
    expect(await run).toBe(false);
  });

  test('lets a result and a failure through', async () => {
    const { signal } = new AbortController();
    expect(await withDeadline(60_000, signal, onTime, async () => 1)).toBe(1);
    await expect(
      withDeadline(60_000, signal, onTime, () => Promise.reject(new Error('own'))),
    ).rejects.toThrow('own');
  });
});

describe('lanes', () => {
  test('let in no more tasks than there are of them', async () => {
    const lanes = new Lanes(3);
    let inside = 0;
    let most = 0;
    for (let task = 0; task < 20; task += 1) {
      await lanes.enter(async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside -= 1;
      });
    }
    await lanes.idle();
    expect(most).toBe(3);
    expect(inside).toBe(0);
  });

  test('throw the first failure where somebody awaits it', async () => {
    const lanes = new Lanes(2);
    await lanes.enter(() => Promise.reject(new Error('first')));
    await lanes.enter(async () => undefined).catch(() => undefined);
    await expect(lanes.idle()).rejects.toThrow('first');
  });
});
