import { describe, expect, test, vi } from 'vitest';
import { type Backoffs, type DeliveryOptions, deliver } from '../../src/reload/delivery.ts';
import type { Answer, Target } from '../../src/reload/target.ts';
import { createTargets } from '../../src/reload/targets.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { context, scriptedTarget, settingsOf } from './context.ts';

const accepted: Answer = { class: 'accepted' };
const notUp: Answer = { class: 'not-up', detail: 'refused' };
const busy: Answer = { class: 'busy', detail: 'wait' };
const misconfigured: Answer = { class: 'misconfigured', detail: 'wrong' };
const rejected: Answer = { class: 'rejected', detail: 'bad set' };

const quick: Backoffs = { soon: { from: 1, to: 4 }, slow: { from: 1, to: 4 } };
const never: Backoffs = { soon: { from: 600_000, to: 600_000 }, slow: { from: 600_000, to: 600_000 } };

function start(targets: readonly Target[], options: Partial<DeliveryOptions> = {}) {
  const stop = new AbortController();
  const hardStop = new AbortController();
  const answers: string[] = [];
  const outcome = deliver({
    targets,
    contextFor: () => context,
    signal: stop.signal,
    hardSignal: hardStop.signal,
    backoffs: quick,
    onAnswer: (target, answer, attempt) => {
      answers.push(`${target.name} ${answer.class} ${attempt}`);
    },
    ...options,
  });
  return { stop, hardStop, answers, outcome };
}

/** A target whose call ends when the test says so, or when the signal is aborted. */
function slowTarget(name: string) {
  const answer = Promise.withResolvers<Answer>();
  const called = Promise.withResolvers<void>();
  const target: Target = {
    name,
    identity: name,
    reload: (_context, signal) => {
      called.resolve();
      signal.addEventListener('abort', () => answer.reject(signal.reason));
      return answer.promise;
    },
  };
  return { target, answer, called: called.promise };
}

describe('the order of telling', () => {
  test('targets are told one after another, each when the one before has answered', async () => {
    const first = slowTarget('url1');
    const second = scriptedTarget('url2', accepted);
    const { answers, outcome } = start([first.target, second.target]);
    await first.called;
    expect(second.calls).toHaveLength(0);
    first.answer.resolve(accepted);
    expect(await outcome).toEqual({ kind: 'accepted' });
    expect(answers).toEqual(['url1 accepted 1', 'url2 accepted 1']);
  });

  test('a target that is not up does not keep the next one waiting', async () => {
    const absent = scriptedTarget('url1', notUp);
    const { stop, answers, outcome } = start([absent.target, scriptedTarget('url2', accepted).target], {
      backoffs: never,
    });
    await vi.waitFor(() => expect(answers).toEqual(['url1 not-up 1', 'url2 accepted 1']));
    stop.abort();
    expect(await outcome).toEqual({ kind: 'stopped' });
  });

  test('the next step waits until the answer is noted', async () => {
    const noted = Promise.withResolvers<void>();
    const second = scriptedTarget('url2', accepted);
    const heard = Promise.withResolvers<void>();
    const { outcome } = start([scriptedTarget('url1', accepted).target, second.target], {
      onAnswer: (target) => {
        if (target.name !== 'url1') return;
        heard.resolve();
        return noted.promise;
      },
    });
    await heard.promise;
    expect(second.calls).toHaveLength(0);
    noted.resolve();
    expect(await outcome).toEqual({ kind: 'accepted' });
  });

  test('without targets there is nothing to deliver', async () => {
    expect(await start([]).outcome).toEqual({ kind: 'accepted' });
  });
});

describe('retries', () => {
  test('a target is told again until it accepts, whatever kept it from it', async () => {
    const { target } = scriptedTarget('url1', notUp, busy, misconfigured, misconfigured, notUp, accepted);
    const { answers, outcome } = start([target]);
    expect(await outcome).toEqual({ kind: 'accepted' });
    expect(answers).toEqual([
      'url1 not-up 1',
      'url1 busy 2',
      'url1 misconfigured 3',
      'url1 misconfigured 4',
      'url1 not-up 5',
      'url1 accepted 6',
    ]);
  });

  test('the waits grow up to their limit', async () => {
    const { target, calls } = scriptedTarget('url1', notUp, notUp, notUp, notUp, notUp, accepted);
    await start([target], { backoffs: { ...quick, soon: { from: 20, to: 80 } } }).outcome;
    const waits = calls.slice(1).map((at, index) => at - (calls[index] ?? 0));
    const least = [20, 40, 80, 80, 80];
    for (const [index, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual((least[index] ?? 0) - 2);
  });

  test('a misconfigured call is tried again at its own slow pace', async () => {
    const { target, calls } = scriptedTarget('url1', misconfigured, accepted);
    const { stop, answers, outcome } = start([target], { backoffs: { ...quick, slow: never.slow } });
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    stop.abort();
    expect(await outcome).toEqual({ kind: 'stopped' });
    expect(calls).toHaveLength(1);
  });

  test('a target that turns from misconfigured to not up gets the quick pace', async () => {
    const { target } = scriptedTarget('url1', misconfigured, notUp, accepted);
    const backoffs: Backoffs = { soon: { from: 1, to: 2 }, slow: { from: 30, to: 600_000 } };
    expect(await start([target], { backoffs }).outcome).toEqual({ kind: 'accepted' });
  });

  test('an application that comes up late is told once', async () => {
    await using app = await ReloadApp.start();
    app.next({ status: 503 }, { fault: 'reset' });
    const settings = settingsOf({ WHERRY_RELOAD_URL: app.url().href });
    const targets = createTargets({ settings, targetDir: '/nowhere', stateDir: '/nowhere', env: {} });
    const { answers, outcome } = start(targets);
    expect(await outcome).toEqual({ kind: 'accepted' });
    expect(answers).toEqual(['url1 busy 1', 'url1 not-up 2', 'url1 accepted 3']);
    expect(app.most).toBe(1);
  });
});

describe('rejection', () => {
  test('the rest is not told of a set that a target rejects', async () => {
    const first = scriptedTarget('url1', rejected);
    const second = scriptedTarget('url2', accepted);
    const { answers, outcome } = start([first.target, second.target]);
    expect(await outcome).toEqual({ kind: 'rejected', target: first.target, detail: 'bad set' });
    expect(answers).toEqual(['url1 rejected 1']);
    expect(second.calls).toHaveLength(0);
  });

  test('it ends the retries of the others', async () => {
    const absent = scriptedTarget('url1', notUp);
    const judge = scriptedTarget('url2', rejected);
    const { outcome } = start([absent.target, judge.target], { backoffs: never });
    expect(await outcome).toMatchObject({ kind: 'rejected', target: { name: 'url2' } });
    expect(absent.calls).toHaveLength(1);
  });

  test('it may come with a retry', async () => {
    const { target } = scriptedTarget('url1', notUp, busy, rejected);
    expect(await start([target]).outcome).toMatchObject({ kind: 'rejected', detail: 'bad set' });
  });
});

describe('stopping', () => {
  test('a wait ends at once', async () => {
    const { target } = scriptedTarget('url1', notUp);
    const { stop, answers, outcome } = start([target], { backoffs: never });
    await vi.waitFor(() => expect(answers).toHaveLength(1));
    stop.abort();
    expect(await outcome).toEqual({ kind: 'stopped' });
  });

  test('a call that is under way ends first, and its answer is given', async () => {
    const slow = slowTarget('url1');
    const next = scriptedTarget('url2', accepted);
    const { stop, answers, outcome } = start([slow.target, next.target]);
    await slow.called;
    stop.abort();
    slow.answer.resolve(accepted);
    expect(await outcome).toEqual({ kind: 'stopped' });
    expect(answers).toEqual(['url1 accepted 1']);
    expect(next.calls).toHaveLength(0);
  });

  test('a stop that comes during the last call is no loss', async () => {
    const slow = slowTarget('url1');
    const { stop, outcome } = start([slow.target]);
    await slow.called;
    stop.abort();
    slow.answer.resolve(accepted);
    expect(await outcome).toEqual({ kind: 'accepted' });
  });

  test('the hard signal ends a call that is under way', async () => {
    const slow = slowTarget('url1');
    const { hardStop, answers, outcome } = start([slow.target]);
    await slow.called;
    hardStop.abort();
    expect(await outcome).toEqual({ kind: 'stopped' });
    expect(answers).toEqual([]);
  });

  test('a delivery that is stopped before it begins calls nobody', async () => {
    const { target, calls } = scriptedTarget('url1', accepted);
    expect(await start([target], { signal: AbortSignal.abort() }).outcome).toEqual({ kind: 'stopped' });
    expect(calls).toHaveLength(0);
  });
});

describe('failures of the caller', () => {
  test.each([[[notUp, accepted]], [[accepted]]])(
    'an answer that cannot be noted ends it (%#)',
    async (row) => {
      const { target } = scriptedTarget('url1', ...row);
      const absent = scriptedTarget('url0', notUp);
      const { outcome } = start([absent.target, target], {
        backoffs: { ...quick, slow: never.slow },
        onAnswer: (_target, answer) => {
          if (answer.class === 'accepted') throw new Error('disk full');
        },
      });
      await expect(outcome).rejects.toThrow('disk full');
      const told = absent.calls.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(absent.calls).toHaveLength(told);
    },
  );
});
