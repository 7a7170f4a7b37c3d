import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RefusedError, UnexpectedError } from '../../src/failure/failure.ts';
import { failureOf, stage, validate } from './candidate.ts';

const syntax = { syntax: true };

describe('the syntax gate', () => {
  test('passes a set of which every file parses', async () => {
    const files = {
      'a.json': '{"a": 1}',
      'b.YAML': 'a: 1\n---\nb: 2\n',
      'c/d.yml': '',
      'c/e.toml': 'a = 1',
      'bad.txt': '{',
      'bad.json5': '{',
      binary: Buffer.from([0xff]),
    };
    expect(await failureOf(syntax, files)).toBeUndefined();
  });

  test('names file, line, column and fault of each file that does not', async () => {
    const files = {
      'a.json': '{\n  "a": 1,\n}',
      'b/c d.yaml': 'a: 1\nb: *x\n',
      'e.toml': '[t\n',
      'f.json': Buffer.from([0x22, 0xe9, 0x22]),
      'g.json': '{}',
    };
    const failure = await failureOf(syntax, files);
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure?.message).toBe(
      'WHERRY_VALIDATE: a.json:2:9: a comma before "}" · b/c d.yaml:2:4: no anchor &x stands before the alias *x · ' +
        'e.toml:1:3: illegal character in key · f.json:1:2: bytes that are no UTF-8 text; correct it in the source',
    );
  });

  test('tells ten faults, and how many there are besides', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `f${String(index).padStart(2, '0')}.json`);
    const failure = await failureOf(syntax, Object.fromEntries(names.map((name) => [name, '['])));
    expect(failure?.message).toContain('f09.json:1:2: ');
    expect(failure?.message).not.toContain('f10.json');
    expect(failure?.message).toContain(' · and 2 more; ');
  });

  test('refuses what is nested too deeply, and reads on', async () => {
    const files = {
      'a.yaml': '['.repeat(100_000),
      'b.json': `${'['.repeat(1e5)}${']'.repeat(1e5)}`,
      'c.json': '',
    };
    const failure = await failureOf(syntax, files);
    expect(failure?.message).toMatch(/a\.yaml:1:\d+: it is nested too deeply · c\.json:1:1: it is empty/);
  });

  test('follows no link, and does not take a failure to read for a bad file', async () => {
    const candidate = await stage({ 'a.json': '{}' });
    await symlink('/etc/hostname', join(candidate.directory, 'b.json'));
    const checking = validate(syntax, { ...candidate, files: ['a.json', 'b.json'] });
    await expect(checking).rejects.toThrow(UnexpectedError);
    await expect(checking).rejects.toThrow(/^WHERRY_VALIDATE: checking "b\.json" failed: ELOOP/);
  });

  test('shows a name with control characters in one harmless line', async () => {
    const failure = await failureOf(syntax, { 'a\n\u001b[31mb.json': '' });
    expect(failure?.message).toContain('a [31mb.json:1:1: it is empty');
  });

  test('starts nothing when the set has no such file', async () => {
    await expect(
      validate(syntax, { directory: '/no/such', files: ['a.txt'], revision: 'r', target: '/config' }),
    ).resolves.toBeUndefined();
  });
});
