import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { generationNames, readSet, visibleNames } from '../support/engine-bench.ts';
import { sidecarBench } from '../support/sidecar-bench.ts';

const bench = (more: Readonly<Record<string, string>>) =>
  sidecarBench({ WHERRY_INIT_TIMEOUT: '20s', ...more });

/** The one line for people, after whatever was logged. */
function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

const schema = JSON.stringify({
  type: 'object',
  properties: { port: { type: 'integer', maximum: 65535 } },
  required: ['port'],
});

describe.each([
  [
    'WHERRY_VALIDATE',
    { WHERRY_VALIDATE: 'syntax' },
    { 'app.yaml': 'port: 80\n' },
    { 'app.yaml': 'port: 80\nhosts: [a, b\n' },
    /^wherry: WHERRY_VALIDATE: app\.yaml:\d+:\d+: /,
  ],
  [
    'WHERRY_VALIDATE_SCHEMA',
    { WHERRY_VALIDATE_SCHEMA: '*.yaml=schemas/app.json' },
    { 'app.yaml': 'port: 80\n', 'schemas/app.json': schema },
    { 'app.yaml': 'port: 70000\n', 'schemas/app.json': schema },
    /^wherry: WHERRY_VALIDATE_SCHEMA: app\.yaml.*"?\/port"?.*65535/,
  ],
  [
    'WHERRY_VALIDATE_EXEC',
    { WHERRY_VALIDATE_EXEC: 'grep -q "^port: [0-9]" {staged}/app.yaml || { echo "no port in it"; exit 3; }' },
    { 'app.yaml': 'port: 80\n' },
    { 'app.yaml': 'port: none\n' },
    /^wherry: WHERRY_VALIDATE_EXEC: the command ended with exit code 3: no port in it/,
  ],
] as const)('%s', (_, settings, good, bad, line) => {
  test('refuses a first set with 6 and one line that says where, and nothing is visible', async () => {
    const { repository, init, target } = await bench(settings);
    await repository.commit(bad);
    const { code, stderr } = await init();
    expect(code).toBe(6);
    expect(lastLine(stderr)).toMatch(line);
    expect(await readdir(target)).toEqual(['..wherry']);
  });

  test('leaves a good set as it is, and lets the fix pass', async () => {
    const { repository, init, target, state } = await bench(settings);
    const first = await repository.commit({ ...good, kept: '1' });
    expect(await init()).toMatchObject({ code: 0 });
    const before = await generationNames(target);
    const refused = await repository.commit(bad);
    const { code, stderr } = await init();
    expect(code).toBe(6);
    expect(lastLine(stderr)).toMatch(line);
    expect(await readSet(target)).toEqual({ ...good, kept: '1' });
    expect(await generationNames(target)).toEqual(before);
    expect(await state()).toMatchObject({
      published: { revision: first, sequence: 1 },
      quarantine: [{ by: 'gate', revision: refused }],
    });

    await repository.commit(good);
    expect(await init()).toMatchObject({ code: 0 });
    expect(await readSet(target)).toEqual(good);
    expect(await visibleNames(target)).not.toContain('kept');
    expect(await state()).not.toHaveProperty('quarantine');
  });
});

test('a validating command that is not there is a wrong setting, 2, and not the fault of the set', async () => {
  const { repository, init, target, state } = await bench({
    WHERRY_VALIDATE_EXEC: 'no-such-program {staged}',
    WHERRY_INIT_TIMEOUT: '10s',
  });
  await repository.commit({ a: '1' });
  const { code, stderr } = await init();
  expect(code).toBe(2);
  expect(lastLine(stderr)).toMatch(/^wherry: WHERRY_VALIDATE_EXEC: the command could not be run: .*; /);
  expect(await readSet(target)).toBeUndefined();
  await expect(state()).rejects.toThrow('no state');
});

test('a running sidecar names what a gate refused, and publishes the fix', async () => {
  const { repository, start, becomesGood, becomesRefused, status, shows } = await bench({
    WHERRY_VALIDATE: 'syntax',
  });
  const first = await repository.commit({ 'a.json': '{}' });
  const wherry = start();
  await becomesGood(first);
  const bad = await repository.commit({ 'a.json': '{\n  "a": 1,,\n}\n' });
  expect(await becomesRefused(bad)).toMatchObject({
    by: 'gate',
    reason: expect.stringMatching(/a\.json:2:\d+/),
  });
  expect(await wherry.says('refused; the published set stays')).toMatchObject({ revision: bad, by: 'gate' });
  expect(await status()).toMatch(new RegExp(`^quarantined +${bad}\n +by gate: .*a\\.json:2:`, 'm'));
  await shows({ 'a.json': '{}' });
  const fix = await repository.commit({ 'a.json': '{"a": 1}' });
  await becomesGood(fix);
  await shows({ 'a.json': '{"a": 1}' });
});
