import { describe, expect, test } from 'vitest';
import {
  classifyReload,
  compareStates,
  type MasterState,
  parseShowProc,
  refusedBecause,
} from '../../../src/reload/haproxy/answers.ts';

const listing = `#<PID>          <type>          <reloads>       <uptime>        <version>      
24777           master          3 [failed: 1]   0d00h00m05s     2.6.12-1+deb12u4
# workers
24889           worker          1               0d00h00m02s     2.6.12-1+deb12u4
# old workers
24793           worker          2               0d00h00m05s     2.6.12-1+deb12u4
# programs
24999           ssl-agent       0               0d00h00m05s     -

`;

describe('the listing of a master', () => {
  test('tells its workers, not the old ones, and its failed reloads', () => {
    expect(parseShowProc(listing)).toEqual({ workers: new Set([24889]), failed: 1 });
  });

  test('of a version before 2.6 has no failed reloads', () => {
    const old =
      '#<PID> <type> <relative PID> <reloads> <uptime>\n1162 master 0 5 0d00h02m07s\n# workers\n1271 worker 1 0 0d00h00m00s\n';
    expect(parseShowProc(old)).toEqual({ workers: new Set([1271]), failed: undefined });
  });

  test.each(['', "Unknown command: 'show proc'", 'Permission denied\n'])('is not %j', (text) => {
    expect(parseShowProc(text)).toBeUndefined();
  });
});

describe('two listings', () => {
  const state = (failed: number | undefined, ...workers: readonly number[]): MasterState => ({
    failed,
    workers: new Set(workers),
  });

  test.each([
    ['a new worker', state(0, 1), state(0, 2), 'new-worker'],
    ['a new worker after failures', state(2, 1), state(0, 2), 'new-worker'],
    ['one more failure', state(1, 1), state(2, 1), 'failed'],
    ['nothing new', state(1, 1), state(1, 1), undefined],
    ['no worker at all', state(0, 1), state(0), undefined],
    ['no word of failures', state(undefined, 1), state(undefined, 1), undefined],
  ])('show %s', (_name, before, after, seen) => {
    expect(compareStates(before, after)).toBe(seen);
  });
});

describe('the answer to a reload', () => {
  test.each(['Success=1\n--\n[NOTICE] (12) : Loading success.\n', 'Success=1\n', 'Success=1'])(
    '%j is accepted',
    (text) => {
      expect(classifyReload('unix:///m', text)).toEqual({ class: 'accepted' });
    },
  );

  test('is rejected with the alerts of the log', () => {
    const log =
      "[NOTICE]   (7) : Reloading HAProxy\n[ALERT]    (7) : config : parsing [h.cfg:11] : unknown keyword 'bogus'\n[WARNING]  (7) : Loading failure!\n";
    expect(classifyReload('unix:///m', `Success=0\n--\n${log}`)).toEqual({
      class: 'rejected',
      detail:
        "unix:///m: HAProxy cannot load the set and goes on with what it had: [ALERT] (7) : config : parsing [h.cfg:11] : unknown keyword 'bogus'",
    });
  });

  test('is rejected with the whole log when that has no alert', () => {
    expect(classifyReload('unix:///m', 'Success=0\n--\nout of\nmemory\n')).toMatchObject({
      class: 'rejected',
      detail: expect.stringContaining('out of · memory'),
    });
  });

  test.each([
    ['Permission denied\n', 'level admin'],
    ["Unknown command: 'reload', but maybe one of the following ones is better", '-W and -S'],
    ['Success=2\n', '-W and -S'],
  ])('%j is no answer of a master, and says what to do', (text, cure) => {
    expect(classifyReload('unix:///m', text)).toMatchObject({
      class: 'misconfigured',
      detail: expect.stringContaining(cure),
    });
  });

  test('of an endless log is bounded', () => {
    expect(refusedBecause('[ALERT] x'.repeat(10_000)).length).toBeLessThan(1200);
  });

  test('without a log names the command that validates', () => {
    expect(refusedBecause('')).toContain("WHERRY_VALIDATE_EXEC='haproxy -c -f {staged}/haproxy.cfg'");
  });
});
