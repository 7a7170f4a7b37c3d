import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startGitServer } from '../../src/commands/demo/git-server.ts';
import { ask, freePort } from '../support/http-client.ts';
import { run, start } from '../support/program.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { Repository } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const secret = 'xQ7-geheim-9Zk';

test('no secret is in a log, the status, the state, a metric, an argument list or the target', async () => {
  const repository = await Repository.create();
  await repository.commit({ a: '1' });
  await using git = await startGitServer({ root: dirname(repository.path), env: process.env });
  await using app = await ReloadApp.start();
  app.next({ status: 503 }, { status: 401 });
  const target = join(await temporaryDirectory(), 'config');
  const port = await freePort();
  const reload = app.url('/-/reload?token=1');
  const settings = {
    WHERRY_SOURCE: 'git',
    WHERRY_GIT_REPO: `${git.url.replace('http://', `http://robot:${secret}@`)}/repo.git`,
    WHERRY_TARGET: target,
    WHERRY_POLL_INTERVAL: '50ms',
    WHERRY_RELOAD_URL: reload.href.replace('token=1', `token=${secret}`),
    WHERRY_RELOAD_HEADERS: `X-Key: ${secret}`,
    WHERRY_RELOAD_USERNAME: 'robot',
    WHERRY_RELOAD_PASSWORD: secret,
    WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}`,
    WHERRY_ADMIN_TOKEN: secret,
    WHERRY_LOG_LEVEL: 'trace',
  };
  const wherry = start(['run'], settings);
  const seen = watchArguments(wherry.child.pid ?? 0);
  await wherry.says('published');
  await expect.poll(() => app.calls.length).toBeGreaterThan(1);
  await repository.commit({ a: '2' });
  await expect.poll(() => wherry.log.filter(({ message }) => message === 'published').length).toBe(2);
  const shown = [
    (await ask(`http://127.0.0.1:${port}/status`)).body,
    (await ask(`http://127.0.0.1:${port}/metrics`)).body,
    (await ask(`http://127.0.0.1:${port}/`)).body,
    (await run(['status'], { WHERRY_TARGET: target })).stdout,
    wherry.output,
    ...(await contentsOf(target)),
    ...seen.stop(),
  ];
  expect(app.calls[0]?.headers['x-key']).toBe(secret);
  expect(shown.filter((text) => text.includes(secret))).toEqual([]);
});

test('no secret is in what a failure says', async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, 'token');
  await writeFile(file, secret);
  const settings = {
    WHERRY_SOURCE: 'git',
    WHERRY_GIT_REPO: `http://127.0.0.1:1/${'repo.git'}`,
    WHERRY_GIT_TOKEN_FILE: file,
    WHERRY_TARGET: join(directory, 'config'),
    WHERRY_INIT_TIMEOUT: '500ms',
    WHERRY_LOG_LEVEL: 'trace',
  };
  const { code, stderr, stdout } = await run(['init'], settings);
  expect(code).toBe(5);
  expect(stderr + stdout).not.toContain(secret);
  await rm(file);
  const gone = await run(['init'], settings);
  expect(gone.code).toBe(2);
  expect(gone.stderr).toContain('WHERRY_GIT_TOKEN_FILE');
});

/** Reads the argument lists of a process's children while they live. */
function watchArguments(pid: number) {
  const seen: string[] = [];
  const timer = setInterval(async () => {
    const ids = await readdir('/proc');
    for (const id of ids.filter((name) => /^\d+$/.test(name))) {
      const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
      if (!stat.includes(` ${pid} `)) continue;
      seen.push(await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => ''));
    }
  }, 5);
  return {
    stop: () => {
      clearInterval(timer);
      return seen;
    },
  };
}

async function contentsOf(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (entry.isFile())
      found.push(await readFile(join(entry.parentPath, entry.name), 'latin1').catch(() => ''));
  }
  return found;
}
