import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const program = join(import.meta.dirname, '../../dist/wherry.cjs');
const run = promisify(execFile);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-demo-test-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A temporary directory in which only the demo leaves something: Node keeps its compile cache there otherwise. */
function ownTemporary(): NodeJS.ProcessEnv {
  return { TMPDIR: directory, NODE_DISABLE_COMPILE_CACHE: '1' };
}

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** `signal` is sent once the output is like `when`. */
async function demo(
  env: NodeJS.ProcessEnv = {},
  signal?: NodeJS.Signals,
  when: RegExp = /./,
): Promise<Outcome> {
  const running = run(process.execPath, [program, 'demo', '--once'], {
    env: { ...process.env, ...ownTemporary(), ...env },
  });
  if (signal !== undefined) {
    let seen = '';
    running.child.stdout?.on('data', (text: string) => {
      const before = when.test(seen);
      seen += text;
      if (!before && when.test(seen)) running.child.kill(signal);
    });
  }
  return running.then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    ({ code, stdout, stderr }) => ({ code, output: stdout + stderr }),
  );
}

/** The second act: releases into a bucket. */
function expectBucketStory(output: string): void {
  const rev = String.raw`release \d{8}T\d{6}Z-[0-9a-f]{8}`;
  expect(output).toMatch(/WHERRY_SOURCE=s3\n +WHERRY_S3_ENDPOINT=http:/);
  expect(output).toMatch(/ {4}wherry release \S+ s3:\/\/demo\/shop\/ --pointer shop\/current\.json\n/);
  expect(output).toMatch(new RegExp(`\\+0 ms  released +${rev}: 3 contents uploaded, and \\S+ moved`));
  expect(output).toMatch(new RegExp(`published +${rev} in one swap: hours.json, prices.json, shop.json`));
  expect(output).toMatch(new RegExp(`released +${rev}: 1 content uploaded`));
  expect(output).toMatch(
    new RegExp(`\\+\\d+ ms  published +${rev} in one swap: prices.json \\(sequence 2\\)`),
  );
  expect(output).toMatch(/\+\d+ ms {2}reloaded +200 from the second application: .*tea 6 EUR/);
  expect(output).toMatch(
    /said +nothing to release: the pointer is at \S+ already.*\n +counted +0 swaps, 0 reloads/,
  );
  expect(output).toMatch(/idle +\d+ idle polls made \d+ requests, each answered with 304/);
  expect(output).toMatch(new RegExp(`moved back +${rev}: .* nothing was uploaded`));
  expect(output).toMatch(/said +rolled back from \S+ to \S+\n +counted +1 swap, 1 reload/);
}

describe('wherry demo --once', () => {
  test('tells the whole story with its milliseconds, ends with 0, and leaves nothing behind', async () => {
    const { code, output } = await demo();
    expect(output).toMatch(/pushed +commit [0-9a-f]{7}: Greet in the evening/);
    expect(output).toMatch(
      /\+\d+ ms {2}published +commit [0-9a-f]{7} in one swap: shop\.json \(sequence 2\)/,
    );
    expect(output).toMatch(/in one swap: hours\.json, prices\.json, shop\.json/);
    expect(output).toMatch(/\+\d+ ms {2}rejected +500 from the application: prices\.json: "tea" is "five"/);
    expect(output).toMatch(/\+\d+ ms {2}rolled back/);
    expect(output).toMatch(/status +commit [0-9a-f]{7} is quarantined: .*which is not a number/);
    expect(output).toMatch(/serves +"Good evening!" tea 5 USD, open 6-22 \(release 2\)\n/);
    expectBucketStory(output);
    expect(output).not.toContain('\u001b');
    expect(code).toBe(0);
    expect(await readdir(directory)).toEqual([]);
  });

  test('is not disturbed by settings, a git configuration and a proxy of the user', async () => {
    await writeFile(join(directory, '.gitconfig'), '[core]\n\thooksPath = /nowhere\n[broken\n');
    const { code, output } = await demo({
      HOME: directory,
      WHERRY_GIT_REF: 'no-such-branch',
      WHERRY_TARGET: '/no/such/place',
      GIT_DIR: '/nowhere',
      GIT_AUTHOR_DATE: 'never',
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_REGION: 'no region',
      http_proxy: 'http://127.0.0.1:9',
    });
    expect(output).toContain('That is all.');
    expect(code).toBe(0);
  });

  test('says what to install where git is missing', async () => {
    const { code, output } = await demo({ PATH: directory });
    expect(output).toMatch(
      /the demo needs git, and there is none on the PATH; install it: apt-get install git/,
    );
    expect(code).toBe(1);
    expect(await readdir(directory)).toEqual([]);
  });

  test('says what to install where git cannot serve HTTP', async () => {
    const bin = join(directory, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'git'), `#!/bin/sh\necho ${bin}\n`);
    await chmod(join(bin, 'git'), 0o755);
    const { code, output } = await demo({ PATH: bin });
    expect(output).toMatch(/git-http-backend is missing; install the rest of git/);
    expect(code).toBe(1);
  });

  test('cleans up when nobody reads it any more', async () => {
    await run(
      'sh',
      [
        '-c',
        '"$0" "$1" demo --once | head -n 1; while [ "$(ls -A "$TMPDIR")" ]; do sleep 0.1; done',
        process.execPath,
        program,
      ],
      {
        env: { ...process.env, ...ownTemporary() },
        timeout: 30_000,
      },
    );
    expect(await readdir(directory)).toEqual([]);
  });

  test.each([
    ['at once', /./],
    ['while a release is made', /wherry release .+current\.json\n/],
  ])('cleans up when it is interrupted %s', async (_, when) => {
    const { code } = await demo({}, 'SIGINT', when);
    expect(code).toBe(130);
    expect(await readdir(directory)).toEqual([]);
  });
});
