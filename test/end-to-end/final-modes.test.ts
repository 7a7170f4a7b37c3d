import { lstat, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { localBench } from '../support/local-bench.ts';
import { hasStrace, startTraced } from '../support/strace.ts';
import { temporaryDirectory } from '../support/temporary.ts';

interface Call {
  readonly name: string;
  readonly given: string;
  readonly path: string;
  readonly isNew: boolean;
  /** Octal; undefined when the call names none. */
  readonly mode: string | undefined;
}

/** `123 openat(AT_FDCWD</x>, "/y/z", O_WRONLY|O_CREAT, 0640) = 17</y/z>`; `fchmod(17</y/z>, 0640) = 0` */
function callsOf(trace: string): readonly Call[] {
  return trace.split('\n').flatMap((line) => {
    const [, name, given = ''] = /^\d+ +(\w+)\((.*)\) += [0-9]/.exec(line) ?? [];
    if (name === undefined) return [];
    const path = /"([^"]*)"/.exec(given)?.[1] ?? /<([^>]*)>/.exec(given)?.[1] ?? '';
    return [
      {
        name,
        given,
        path,
        isNew: given.includes('O_CREAT'),
        mode: /\b(0[0-7]{3,6})\b[^"]*$/.exec(given)?.[1],
      },
    ];
  });
}

test.skipIf(!hasStrace).each([
  ['0640', '0750'],
  ['0444', '0555'],
])(
  'files of mode %s and directories of mode %s are at no instant more open than in the end',
  { timeout: 60_000 },
  async (fileMode, dirMode) => {
    const { repository, target, settings } = await localBench({
      WHERRY_FILE_MODE: fileMode,
      WHERRY_DIR_MODE: dirMode,
    });
    const log = join(await temporaryDirectory(), 'trace');
    const traced = 'open,openat,creat,mkdir,mkdirat,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,umask';
    const init = async () => {
      const options = ['-y', '-s', '4096', '-o', log, '-e', `trace=${traced}`];
      expect(await startTraced(options, ['init'], settings).ended).toMatchObject({ code: 0 });
      return callsOf(await readFile(log, 'utf8'));
    };
    const large = 'x'.repeat(300_000);
    await repository.commit({ a: '1', 'd/large': large, 'd/e/b': '1', run: { executable: '#!/bin/sh\n' } });
    const all = [await init()];
    // Now unchanged files are carried over, small ones and large ones.
    await repository.commit({ a: '2', 'd/large': large, 'd/e/b': '1', run: { executable: '#!/bin/sh\n' } });
    all.push(await init());
    for (const calls of all) {
      expect(calls.find(({ name }) => name === 'umask')?.mode ?? '0').toMatch(/^0+$/);
      // The kernel's copy of a file, by libuv, gives it to whom it belongs already, and the mode that it has already.
      const { uid, gid } = await lstat(target);
      for (const { given } of calls.filter(({ name }) => name.includes('chown')))
        expect(given).toMatch(new RegExp(`, ${uid}, ${gid}$`));
    }
    const generation = basename(await readlink(join(target, '..data')));
    const made = (all[1] ?? []).filter(({ path }) => path.includes(`/${generation}`));
    const files = made.filter(({ isNew }) => isNew);
    expect(files.map(({ path }) => basename(path)).sort()).toEqual([
      '.wherry.json',
      'a',
      'b',
      'large',
      'run',
    ]);
    const modes = new Map<string, number>();
    for (const { path, mode = '0' } of files) {
      const final = (await lstat(path)).mode & 0o7777;
      expect(Number.parseInt(mode, 8) & 0o7777, path).toBe(final);
      modes.set(path, final);
    }
    const directories = made.filter(({ name }) => name.startsWith('mkdir'));
    expect(directories).toHaveLength(3);
    for (const { path, mode = '' } of directories) {
      const final = (await lstat(path)).mode & 0o777;
      expect(`0${final.toString(8)}`).toBe(dirMode);
      // More than in the end for nobody but the owner, who fills it.
      expect(Number.parseInt(mode, 8) & ~final & 0o077, path).toBe(0);
    }
    for (const { path, mode = '' } of made.filter(({ name }) => name.includes('chmod'))) {
      const final = (await lstat(path)).mode & 0o7777;
      expect(Number.parseInt(mode, 8) & 0o7777, path).toBe(final);
      const atFirst = modes.get(path) ?? final | 0o300;
      expect(final & ~atFirst, path).toBe(0);
    }
  },
);
