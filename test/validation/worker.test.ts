import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../src/failure/failure.ts';
import { createValidator } from '../../src/validation/validator.ts';
import { runWorker } from '../../src/validation/worker-run.ts';
import { stage, validate } from './candidate.ts';

const schemas = [{ glob: '*.{json,yaml,toml}', schema: 'schemas/s.json' }];
/** A pattern that takes longer than the universe has existed. */
const endless = {
  'a.json': JSON.stringify({ a: `${'a'.repeat(60)}!` }),
  'schemas/s.json': JSON.stringify({ properties: { a: { pattern: '^(a+)+$' } } }),
};

describe('the thread that checks files', () => {
  test('is ended by the signal whatever it does, and leaves the event loop alone meanwhile', async () => {
    const candidate = await stage(endless);
    const abort = new AbortController();
    const reason = new Error('enough');
    const checking = validate({ schemas }, candidate, abort.signal);
    checking.catch(() => undefined);
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
      if (turns === 100) abort.abort(reason);
    }, 10);
    await expect(checking).rejects.toBe(reason);
    clearInterval(timer);
    expect(turns).toBe(100);
  });

  test('is not started after an abort', async () => {
    const reason = new Error('too late');
    const candidate = await stage({ 'a.json': '{}' });
    await expect(validate({ syntax: true }, candidate, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test('that dies names the file at hand', async () => {
    const { directory } = await stage({ 'a.json': '{}', 'b.json': '[1]' });
    const files = ['a.json', 'b.json'];
    const job = { directory, files, syntax: true, schemas: [] };
    const running = runWorker(job, new AbortController().signal, { heapMiB: 32, program: dyingProgram });
    await expect(running).rejects.toThrow(RefusedError);
    await expect(running).rejects.toThrow(
      /^WHERRY_VALIDATE: checking "b\.json" failed: it needs more than 32 MiB of memory; give the container more/,
    );
  });

  test('does not start on JSON that it has no memory for', async () => {
    const { directory } = await stage({ 'a.json': '{}', 'b.json': `[${'[],'.repeat(2e6)}0]` });
    const job = { directory, files: ['a.json', 'b.json'], syntax: true, schemas: [] };
    const running = runWorker(job, new AbortController().signal, { heapMiB: 64 });
    await expect(running).rejects.toThrow(
      /^WHERRY_VALIDATE: checking "b\.json" failed: it needs about 180 MiB of memory; give the container more memory, or make .*WHERRY_EXCLUDE/,
    );
  });

  test('asks for no more memory than it would take', async () => {
    const { directory } = await stage({ 'a.json': '{}' });
    const job = { directory, files: ['a.json'], syntax: false, schemas: [{ glob: '*', schema: 's' }] };
    const tooLarge = new URL(
      `data:text/javascript,${encodeURIComponent(`
        import { parentPort } from 'node:worker_threads';
        parentPort.postMessage({ kind: 'too-large', needed: 1500 });
      `)}`,
    );
    const running = runWorker(job, new AbortController().signal, { program: tooLarge });
    await expect(running).rejects.toThrow(
      'WHERRY_VALIDATE_SCHEMA: checking the files failed: it needs about 1500 MiB of memory; make the file smaller, or leave it out with WHERRY_EXCLUDE',
    );
  });

  test('that ends without an answer is a failure', async () => {
    const { directory } = await stage({});
    const job = { directory, files: [], syntax: true, schemas: [] };
    const program = new URL('data:text/javascript,process.exit(3)');
    const running = runWorker(job, new AbortController().signal, { program });
    await expect(running).rejects.toThrow(
      /^WHERRY_VALIDATE: checking the files failed: the worker ended with code 3 and no answer/,
    );
  });
});

/** Says that it is at the second file, and takes all memory. */
const dyingProgram = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { workerData } from 'node:worker_threads';
    Atomics.store(workerData.progress, 0, 2);
    const all = [];
    for (;;) all.push({ a: 1, b: 'x' + all.length });
  `)}`,
);

test('nothing is checked without a rule', () => {
  expect(
    createValidator({ syntax: false, schemas: [], exec: undefined, execTimeout: 1 }, {}),
  ).toBeUndefined();
});

test('the gates are asked in order, and the first that refuses is told', async () => {
  const files = { 'a.json': '{', 'b.json': '1', 'c.json': '"x"', 's/s.json': '{"type": "string"}' };
  const candidate = await stage(files);
  const schema = [{ glob: '[bc].json', schema: 's/s.json' }];
  const rules = { syntax: true, schemas: schema, exec: 'exit 1' };
  await expect(validate(rules, candidate)).rejects.toThrow(/^WHERRY_VALIDATE: a\.json:1:2: [^·]*$/);
  const parses = { ...candidate, files: candidate.files.slice(1) };
  await expect(validate(rules, parses)).rejects.toThrow(/^WHERRY_VALIDATE_SCHEMA: b\.json:1:1: [^·]*$/);
  const valid = { ...candidate, files: candidate.files.slice(2) };
  await expect(validate(rules, valid)).rejects.toThrow(/^WHERRY_VALIDATE_EXEC: /);
  await validate({ ...rules, exec: 'true' }, valid);
});
