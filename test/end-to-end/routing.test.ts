import { appendFile, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, freePort } from '../support/http-client.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { publishedBy, sidecarBench } from '../support/sidecar-bench.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('of two URLs only the one whose paths changed is called, and after a rollback those that were', async () => {
  const { repository, target, start, becomesGood, becomesRefused, shows } = await sidecarBench();
  await using app = await ReloadApp.start();
  // Each application reads its own directory.
  app.usually(async ({ url = '' }, response) => {
    const content = await readFile(join(target, url, 'a'), 'utf8');
    response.writeHead(content === 'bad' ? 500 : 200).end(`cannot load ${content}`);
  });
  const called = () => app.calls.map(({ path, headers }) => `${headers['x-wherry-sequence']} ${path}`);
  const files = (alerts: string, rules: string) => ({ 'alerts/a': alerts, 'rules/a': rules });
  const wherry = start({
    WHERRY_RELOAD_URL: `${app.url('/alerts')},${app.url('/rules')}`,
    WHERRY_RELOAD_WHEN: 'alerts/**=url1,rules/**=url2',
  });
  const first = await repository.commit(files('1', '1'));
  await becomesGood(first);
  expect(called()).toEqual(['1 /alerts', '1 /rules']);
  const second = await repository.commit(files('1', '2'));
  await becomesGood(second);
  expect(called().slice(2)).toEqual(['2 /rules']);

  const both = await repository.commit(files('3', 'bad'));
  expect(await becomesRefused(both)).toMatchObject({ reason: expect.stringContaining('cannot load bad') });
  await becomesGood(second);
  expect(called().slice(3)).toEqual(['3 /alerts', '3 /rules', '4 /alerts', '4 /rules']);
  await shows(files('1', '2'));

  const one = await repository.commit(files('bad', '2'));
  await becomesRefused(one);
  await becomesGood(second);
  expect(called().slice(7)).toEqual(['5 /alerts', '6 /alerts']);

  const neither = await repository.commit({ ...files('1', '2'), readme: '1' });
  await becomesGood(neither);
  expect(called()).toHaveLength(9);
  await expect.poll(() => publishedBy(wherry)).toEqual([first, second, both, one, neither]);
});

test('a reload command is given the paths that changed and that went, for a rollback too', async () => {
  const heard = join(await temporaryDirectory(), 'heard');
  const { repository, start, becomesGood, becomesRefused } = await sidecarBench({
    WHERRY_RELOAD_EXEC: [
      `echo "$WHERRY_PREVIOUS_REVISION>$WHERRY_REVISION $(tr '\\n' ' ' <"$WHERRY_CHANGED_FILES")" >>${heard}`,
      '! grep -q bad b || { echo "b is bad"; exit 1; }',
    ].join('\n'),
    // Commands know what changed only where something asks for it.
    WHERRY_RELOAD_WHEN: '**=exec',
  });
  const lines = async () => (await readFile(heard, 'utf8')).trimEnd().split('\n');
  start();
  const first = await repository.commit({ a: '1', b: '1', 'c/d': '1', same: '1' });
  await becomesGood(first);
  await appendFile(heard, '---\n');
  const second = await repository.commit({ a: '2', b: '1', 'e/f g': '1', same: '1' });
  await becomesGood(second);
  const bad = await repository.commit({ a: '2', b: 'bad', same: '1' });
  expect(await becomesRefused(bad)).toMatchObject({ reason: expect.stringContaining('b is bad') });
  await becomesGood(second);
  const all = await lines();
  expect(all.slice(all.indexOf('---') + 1).map((line) => line.trimEnd())).toEqual([
    `${first}>${second} a c/d e/f g`,
    `${second}>${bad} b e/f g`,
    `${bad}>${second} b e/f g`,
  ]);
});

test('a set is not acknowledged before the application has written its number', async () => {
  const port = await freePort();
  const ack = join(await temporaryDirectory(), 'ack');
  const { repository, target, start, becomesGood, becomesRefused, state } = await sidecarBench({
    WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}`,
    WHERRY_SENTINEL: 'loaded/now.json',
    WHERRY_ACK: ack,
  });
  const status = async (probe: string) => (await ask(`http://127.0.0.1:${port}/${probe}`)).status;
  const sentinel = async () => JSON.parse(await readFile(join(target, 'loaded/now.json'), 'utf8'));
  const write = async (text: string) => {
    await writeFile(`${ack}.new`, text);
    await rename(`${ack}.new`, ack);
  };
  start();
  const first = await repository.commit({ a: '1' });
  await expect.poll(sentinel).toMatchObject({ revision: first, sequence: 1, previous: null });
  await expect.poll(() => status('startupz')).toBe(200);
  expect(await status('readyz')).toBe(503);
  expect((await state()).targets['ack']?.acknowledged ?? 0).toBe(0);
  await write('1\n');
  await expect.poll(() => status('readyz')).toBe(200);
  await becomesGood(first);

  const second = await repository.commit({ a: '2' });
  await expect.poll(sentinel).toMatchObject({ revision: second, sequence: 2, previous: first });
  await expect.poll(() => status('readyz')).toBe(503);
  await write('2 rejected: no such colour\n');
  expect(await becomesRefused(second)).toMatchObject({
    by: 'target',
    reason: expect.stringContaining('no such colour'),
  });
  await expect.poll(sentinel).toMatchObject({ revision: first, sequence: 3 });
  expect(await status('readyz')).toBe(503);
  await write('3\n');
  await expect.poll(() => status('readyz')).toBe(200);
  await becomesGood(first);
});
