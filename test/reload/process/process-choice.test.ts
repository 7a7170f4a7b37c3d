import { describe, expect, test } from 'vitest';
import {
  chooseProcess,
  type ProcessInfo,
  seesOnlyItself,
} from '../../../src/reload/process/process-choice.ts';

function processOf(pid: number, parent: number, name: string, more: Partial<ProcessInfo> = {}): ProcessInfo {
  return {
    pid,
    parent,
    session: 1,
    name,
    argv0: name,
    executable: undefined,
    startTime: pid,
    uid: 0,
    ...more,
  };
}

const init = processOf(1, 0, 'pause');
const nginx = [
  init,
  processOf(7, 0, 'nginx', { session: 7, argv0: 'nginx: master process nginx -g daemon off;' }),
  processOf(8, 7, 'nginx', { session: 7, argv0: 'nginx: worker process' }),
  processOf(9, 7, 'nginx', { session: 7, argv0: 'nginx: worker process' }),
];

describe('the process that gets the signal', () => {
  test.each<[string, readonly ProcessInfo[], string, number]>([
    ['is the master, not a worker', nginx, 'nginx', 7],
    ['is the master even when pids went round', [...nginx, processOf(3, 7, 'nginx')], 'nginx', 7],
    [
      'is found by the name that it was started under',
      [processOf(5, 1, 'python3', { argv0: '/app/bin/web' })],
      'web',
      5,
    ],
    [
      'is found by the whole of a name that the kernel cut',
      [processOf(5, 1, 'prometheus-aler', { argv0: '/usr/bin/prometheus-alertmanager' })],
      'prometheus-alertmanager',
      5,
    ],
    [
      'is found by a name that the kernel cut when it rewrote its command line',
      [processOf(5, 1, 'a-very-long-nam', { argv0: 'master process' })],
      'a-very-long-name-indeed',
      5,
    ],
    [
      'is found by the path of its executable',
      [
        processOf(5, 1, 'sh', { executable: '/bin/sh' }),
        processOf(6, 1, 'sh', { executable: '/opt/app/sh' }),
      ],
      '/opt/app/sh',
      6,
    ],
    [
      'is found by the path of an executable that was replaced since',
      [processOf(5, 1, 'app', { executable: '/opt/app (deleted)' })],
      '/opt/app',
      5,
    ],
    [
      "is found by the path that it was started under when another user's executable cannot be seen",
      [processOf(5, 1, 'app', { argv0: '/opt/app' })],
      '/opt/app',
      5,
    ],
    [
      'is the oldest of one session',
      [processOf(6, 1, 'app', { startTime: 9 }), processOf(9, 1, 'app', { startTime: 4 })],
      'app',
      9,
    ],
    ['is the old master while a new one starts from it', [...nginx, processOf(20, 7, 'nginx')], 'nginx', 7],
  ])('%s', (_name, processes, wanted, pid) => {
    expect(chooseProcess(processes, wanted)).toMatchObject({ kind: 'found', process: { pid } });
  });

  test.each<[string, readonly ProcessInfo[], string]>([
    ['another name', nginx, 'haproxy'],
    ['a part of the name', nginx, 'ngin'],
    [
      'another program whose cut name is the same',
      [processOf(5, 1, 'prometheus-aler', { argv0: '/x/prometheus-alerter' })],
      'prometheus-alertmanager',
    ],
    ['the executable of another path', [processOf(5, 1, 'sh', { executable: '/bin/sh' })], '/usr/bin/sh'],
    ['an argument', [processOf(5, 1, 'tail', { argv0: 'tail' })], 'nginx.log'],
  ])('is not found by %s', (_name, processes, wanted) => {
    expect(chooseProcess(processes, wanted)).toEqual({ kind: 'none' });
  });

  test('is not guessed when several containers run the same program', () => {
    const other = processOf(30, 0, 'nginx', { session: 30 });
    const choice = chooseProcess([...nginx, other], 'nginx');
    expect(choice).toMatchObject({ kind: 'ambiguous', processes: [{ pid: 7 }, { pid: 30 }] });
  });
});

describe('what is visible', () => {
  test('is only the own container when everything descends from its first process', () => {
    const processes = [
      processOf(1, 0, 'tini'),
      processOf(7, 1, 'node'),
      processOf(9, 7, 'git'),
      processOf(11, 1, 'sh'),
    ];
    expect(seesOnlyItself(processes, 7)).toBe(true);
  });

  test('is more when other containers have first processes of their own', () => {
    const processes = [init, processOf(7, 0, 'node'), processOf(9, 0, 'nginx')];
    expect(seesOnlyItself(processes, 7)).toBe(false);
  });

  test('ends also for a table that goes round', () => {
    expect(seesOnlyItself([processOf(7, 9, 'a'), processOf(9, 7, 'b')], 7)).toBe(false);
  });
});
