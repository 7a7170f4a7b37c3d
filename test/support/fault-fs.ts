import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished } from 'vitest';
import { temporaryDirectory } from './temporary.ts';

const exec = promisify(execFile);
const python = '/usr/bin/python3';

/** It needs root, FUSE in the kernel, and Debian's `python3-fusepy` and `fuse3`. */
export const mayMountFaults =
  process.getuid?.() === 0 &&
  existsSync('/dev/fuse') &&
  (await exec(python, ['-c', 'import fusepy']).then(
    () => true,
    () => false,
  )) &&
  (await exec('fusermount3', ['--version']).then(
    () => true,
    () => false,
  ));

export interface Rule {
  readonly op: string;
  readonly errno: string;
  /** Of so many operations the last fails. */
  readonly every: number;
}

/** A volume whose operations fail as the rules say. */
export async function faultFs() {
  const directory = await temporaryDirectory();
  const [real, mount, rules] = ['real', 'mount', 'rules.json'].map((name) => join(directory, name));
  if (real === undefined || mount === undefined || rules === undefined) throw new Error('unreachable');
  await mkdir(real);
  await mkdir(mount);
  await writeFile(rules, '[]');
  const before = (await stat(mount)).dev;
  const script = resolve('test/support/fault-fs.py');
  const child = spawn(python, [script, real, mount, rules], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  onTestFinished(async () => {
    await exec('umount', ['-l', mount]);
    if (child.exitCode === null) await once(child, 'close');
  });
  await expect.poll(async () => (await stat(mount)).dev, { timeout: 20_000 }).not.toBe(before);
  return {
    /** Where programs see it. */
    mount,
    /** The same without faults. */
    real,
    /** From now on these rules hold, and no others. */
    obey: async (...list: readonly Rule[]) => {
      await writeFile(`${rules}.new`, JSON.stringify(list));
      await rename(`${rules}.new`, rules);
    },
    /** When the faults were, in milliseconds since 1970. */
    faults: (): readonly number[] =>
      said
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => Number.parseFloat(line) * 1000),
  };
}
