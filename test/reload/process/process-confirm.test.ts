import { describe, expect, test } from 'vitest';
import type { ProcessConfirmation } from '../../../src/presets/preset.ts';
import type { ProcessInfo } from '../../../src/reload/process/process-choice.ts';
import { judgeOf } from '../../../src/reload/process/process-confirm.ts';

function processOf(pid: number, parent: number, startTime = pid): ProcessInfo {
  return { pid, parent, startTime, session: 1, name: 'app', argv0: 'app', executable: undefined, uid: 0 };
}

const master = processOf(7, 1);
const [old, other, fresh] = [processOf(8, 7), processOf(9, 2), processOf(10, 7)];

function judge(confirmation: ProcessConfirmation, timeout = 10_000) {
  const options = { confirmation, application: 'App', validator: 'app -t {staged}', timeout };
  return judgeOf({ signal: 'SIGHUP', process: master, children: [old] }, options);
}

describe('new workers', () => {
  const confirmation = { kind: 'new-workers', within: 1000, stays: 100 } as const;

  test('are taken for a sign when one of them stays', () => {
    const look = judge(confirmation);
    expect(look([master, old], 0)).toBeUndefined();
    expect(look([master, old, fresh], 50)).toBeUndefined();
    expect(look([master, fresh], 150)).toEqual({ class: 'accepted' });
  });

  test('are not the children of others, nor those that were there', () => {
    const look = judge(confirmation);
    look([master, old, other], 0);
    expect(look([master, old, other], 1000)).toMatchObject({ class: 'rejected' });
  });

  test('may have the pid of an old one', () => {
    const look = judge(confirmation);
    const again = processOf(8, 7, 99);
    look([master, again], 0);
    expect(look([master, again], 100)).toEqual({ class: 'accepted' });
  });

  test('that do not come are a refusal, with what that means and the cure', () => {
    expect(judge(confirmation)([master, old], 1000)).toEqual({
      class: 'rejected',
      detail:
        "process 7 (app) got SIGHUP and started no new worker within 1s: App cannot load the set and goes on with what it had; look at its error log; WHERRY_VALIDATE_EXEC='app -t {staged}' refuses such a set before it is published",
    });
  });

  test('that end at once are a refusal too', () => {
    const look = judge(confirmation);
    look([master, old, fresh], 500);
    expect(look([master, old], 1000)).toMatchObject({
      class: 'rejected',
      detail: expect.stringContaining('new workers, which ended at once'),
    });
  });

  test('that come one after another, each for a moment, are a refusal in the end', () => {
    const look = judge(confirmation);
    const answers = Array.from({ length: 30 }, (_, index) =>
      look([master, processOf(100 + index, 7)], index * 50),
    );
    expect(answers.findIndex((answer) => answer?.class === 'rejected')).toBe(22);
  });

  test('that come late get their time', () => {
    const look = judge(confirmation);
    expect(look([master, old, fresh], 999)).toBeUndefined();
    expect(look([master, old, fresh], 1050)).toBeUndefined();
    expect(look([master, old, fresh], 1099)).toEqual({ class: 'accepted' });
  });

  test('are waited for no longer than one call may take', () => {
    expect(judge(confirmation, 300)([master, old], 300)).toMatchObject({ class: 'rejected' });
  });

  test('of a master that is gone are not waited for', () => {
    expect(judge(confirmation)([old, processOf(7, 1, 99)], 50)).toEqual({
      class: 'not-up',
      detail: 'process 7 (app) has ended after SIGHUP',
    });
  });
});

describe('a process that has to survive', () => {
  const confirmation = { kind: 'survives', for: 1000 } as const;

  test('has taken the set when it lives long enough', () => {
    const look = judge(confirmation);
    expect(look([master], 999)).toBeUndefined();
    expect(look([master], 1000)).toEqual({ class: 'accepted' });
  });

  test('is watched no longer than one call may take', () => {
    expect(judge(confirmation, 300)([master], 300)).toEqual({ class: 'accepted' });
  });

  test('and ended has refused it', () => {
    expect(judge(confirmation)([processOf(7, 1, 99)], 50)).toMatchObject({
      class: 'rejected',
      detail: expect.stringContaining(
        'process 7 (app) ended after SIGHUP: App ends when it cannot load the set',
      ),
    });
  });
});
