import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { readSet } from '../support/engine-bench.ts';
import { localBench } from '../support/local-bench.ts';
import { run } from '../support/program.ts';
import { stage } from './candidate.ts';

const bench = () => localBench({ WHERRY_INIT_TIMEOUT: '30s', WHERRY_VALIDATE: 'syntax' });
const good = { 'a.json': '{"a": 1}', 'b.yaml': 'a: &x 1\n', 'c.toml': 'a = 1\n' };

test('the built worker does its job', async () => {
  const { directory, files } = await stage({ ...good, 'd.yaml': 'a: *x\n' });
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { directory, files, syntax: true, schemas: [], progress };
  const worker = new Worker(resolve('dist/validation-worker.cjs'), { workerData });
  const report = await new Promise((done, fail) => worker.once('message', done).once('error', fail));
  const problems = ['d.yaml:1:4: no anchor &x stands before the alias *x'];
  expect(report).toEqual({ kind: 'refused', gate: 'syntax', problems, more: 0 });
});

test('the built program refuses a set with a file that does not parse', async () => {
  const { repository, target, settings } = await bench();
  await repository.commit(good);
  expect(await run(['init'], settings)).toMatchObject({ code: 0 });
  await repository.commit({ 'a.json': '{"a": 1,}' });
  const { code, stderr } = await run(['init'], settings);
  expect(code).toBe(6);
  expect(stderr).toContain('WHERRY_VALIDATE: a.json:1:8: a comma before');
  expect(await readSet(target)).toEqual(good);
});

test.each(['http://json-schema.org/draft-07/schema#', 'https://json-schema.org/draft/2020-12/schema'])(
  'the built program checks by schemas of %s',
  async ($schema) => {
    const { repository, settings } = await bench();
    const properties = { a: { type: 'integer' }, d: { format: 'date' } };
    const schema = { 'schemas/s.json': JSON.stringify({ $schema, properties }) };
    const more = { ...settings, WHERRY_VALIDATE_SCHEMA: '*.{json,yaml,toml}=schemas/s.json' };
    await repository.commit({ ...good, ...schema });
    expect(await run(['init'], more)).toMatchObject({ code: 0 });
    await repository.commit({ ...schema, 'b.yaml': 'a: x\n', 'c.toml': 'd = "no"\n' });
    const { code, stderr } = await run(['init'], more);
    expect(code).toBe(6);
    expect(stderr).toContain('b.yaml:1:4: /a must be integer · c.toml: /d must match format');
  },
);

test('the built program checks by a command', async () => {
  const { repository, settings } = await bench();
  const more = {
    ...settings,
    WHERRY_VALIDATE_EXEC: 'grep -q ok {staged}/x || { echo "no ok in $WHERRY_REVISION"; exit 2; }',
  };
  await repository.commit({ x: 'ok' });
  expect(await run(['init'], more)).toMatchObject({ code: 0 });
  const revision = await repository.commit({ x: 'bad' });
  const { code, stderr } = await run(['init'], more);
  expect(code).toBe(6);
  expect(stderr).toContain(
    `WHERRY_VALIDATE_EXEC: the command ended with exit code 2: no ok in ${revision}; `,
  );
});
