import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RefusedError, SettingsError } from '../../src/failure/failure.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { draft7, draft2020, failureOf, problemOf } from './candidate.ts';

describe('a schema refers', () => {
  const root = { $schema: draft2020, properties: { a: { $ref: 'parts/common.json#/$defs/a' } } };
  const common = { $defs: { a: { $ref: '../other.yaml' } } };
  const other = 'type: integer\n';
  const bad = { 'a.json': '{"a": "x"}' };

  test.each([
    ['', {}],
    [', which has an $id', { $id: 'https://example.org/schemas/s.json' }],
    [', which has a relative $id', { $id: 's.json' }],
    [', which has a URN', { $id: 'urn:example:s', properties: { a: { type: 'integer' } } }],
  ])('to the files beside it%s', async (_, more) => {
    const files = {
      'schemas/parts/common.json': JSON.stringify(common),
      'schemas/other.yaml': other,
    };
    expect(await problemOf({ ...root, ...more }, { ...files, ...bad })).toBe(
      'a.json:1:7: /a must be integer',
    );
  });

  test.each([
    ['nothing', 'none.json', 'schemas/none.json: the schema is not a file of the set'],
    [
      'the network',
      'https://example.org/x.json',
      'schemas/s.json: it refers to https://example.org/x.json, and schemas are not fetched: put it beside this one, and refer to it by its path',
    ],
    [
      'a file outside',
      'file:///etc/hostname',
      'schemas/s.json: it refers to /etc/hostname, which is outside of the set',
    ],
    ['above the set', '../../../../etc/hostname', 'etc/hostname: the schema is not a file of the set'],
    [
      'above the set, hidden',
      '%2e%2e/%2e%2e/x.json',
      'schemas/../../x.json: the schema is not a file of the set',
    ],
    [
      'what is not in it',
      '#/$defs/none',
      'schemas/s.json: it refers to schemas/s.json#/$defs/none, which is not there',
    ],
    ['another draft', 'old.json', 'schemas/old.json: it is of draft-07, and what refers to it of 2020-12'],
  ])('to %s', async (_, $ref, problem) => {
    const old = JSON.stringify({ $schema: draft7 });
    expect(await problemOf({ $schema: draft2020, $ref }, { 'schemas/old.json': old, ...bad })).toBe(problem);
  });

  test('to itself, again and again', async () => {
    const tree = { type: 'object', additionalProperties: { $ref: '#' } };
    expect(await problemOf(tree, { 'a.yaml': 'a:\n  b:\n    c: 1\n' })).toBe(
      'a.yaml:3:8: /a/b/c must be object',
    );
  });
});

describe('a schema that cannot be used', () => {
  test.each([
    [
      'no JSON',
      '{\n"type": }',
      'schemas/s.json:2:9: the schema does not parse: unexpected "}": expected a value',
    ],
    ['no object', '[]', 'schemas/s.json: it is no JSON Schema'],
    [
      'no schema',
      '{"type": "text"}',
      'schemas/s.json: the schema is invalid: /type must be equal to one of the allowed values, data/type must be array, data/type must match a schema in anyOf',
    ],
    [
      'of an unknown draft',
      '{"$schema": "http://json-schema.org/draft-04/schema#"}',
      'schemas/s.json: its "$schema" is "http://json-schema.org/draft-04/schema#"; known are draft-07 and 2020-12',
    ],
    [
      'with a bad pattern',
      '{"pattern": "["}',
      'schemas/s.json: Invalid regular expression: /[/: Unterminated character class',
    ],
    ['asynchronous', '{"$async": true}', 'schemas/s.json: asynchronous schemas cannot be used'],
  ])('is %s', async (_, schema, problem) => {
    expect(await problemOf(schema, { 'a.json': '1' })).toBe(problem);
  });

  test('is not in the set', async () => {
    const failure = await failureOf({ schemas: [{ glob: '*', schema: 'none.json' }] }, { 'a.json': '1' });
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure?.message).toContain('none.json: the schema is not a file of the set');
  });

  test.each([
    ['missing', undefined, 'the schema cannot be read (ENOENT)'],
    ['broken', '{', 'the schema does not parse: '],
    ['no schema', '{"type": 1}', 'the schema is invalid: '],
    ['referring to what is missing', '{"$ref": "none.json"}', 'the schema cannot be read (ENOENT)'],
  ])('stands elsewhere and is %s', async (_, text, problem) => {
    const schema = join(await temporaryDirectory(), 's.json');
    if (text !== undefined) await writeFile(schema, text);
    const failure = await failureOf({ schemas: [{ glob: '*', schema }] }, { 'a.json': '1' });
    expect(failure).toBeInstanceOf(SettingsError);
    expect(failure?.message).toMatch(/^WHERRY_VALIDATE_SCHEMA: \/.*; correct that file, or its path$/);
    expect(failure?.message).toContain(problem);
  });
});

test('a schema may stand elsewhere, behind a link, and refer to the files beside it', async () => {
  const directory = join(await temporaryDirectory(), 'some schemas');
  await mkdir(directory);
  await writeFile(join(directory, 'real.yaml'), '$ref: ./b c.yaml\n');
  await writeFile(join(directory, 'b c.yaml'), 'type: string\n');
  await symlink('real.yaml', join(directory, 's.yaml'));
  const schemas = [{ glob: '*.json', schema: join(directory, 's.yaml') }];
  expect(await failureOf({ schemas }, { 'a.json': '"x"' })).toBeUndefined();
  const failure = await failureOf({ schemas }, { 'a.json': '1' });
  expect(failure?.message).toContain('a.json:1:1: must be string');
});
