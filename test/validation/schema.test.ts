import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { RefusedError, SettingsError } from '../../src/failure/failure.ts';
import { checkContent } from '../../src/validation/content/check.ts';
import { createValidator } from '../../src/validation/validator.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { type Files, failureOf, stage } from './candidate.ts';

const draft7 = 'http://json-schema.org/draft-07/schema#';
const draft2020 = 'https://json-schema.org/draft/2020-12/schema';

/** What a set is refused for by `schemas/s.json`, found in this thread, which is quicker. */
async function problemOf(
  schema: unknown,
  files: Files,
  glob = '*.{json,yaml,toml,txt}',
): Promise<string | undefined> {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema);
  const staged = await stage({ ...files, 'schemas/s.json': text });
  const report = await checkContent({
    ...staged,
    syntax: false,
    schemas: [{ glob, schema: 'schemas/s.json' }],
    progress: new Int32Array(1),
  });
  if (report.kind === 'passed') return undefined;
  if (report.kind !== 'refused') throw new Error(report.problem);
  const more = report.more === 0 ? [] : [`and ${report.more} more`];
  return [...report.problems, ...more].join(' · ');
}

const port = {
  type: 'object',
  properties: { port: { type: 'integer', maximum: 65535 } },
  required: ['port'],
};

describe('a schema', () => {
  test.each(['{"port": 80}', '{\n"port": 80, "more": 1}'])('holds for JSON: %s', async (text) => {
    expect(await problemOf(port, { 'a.json': text })).toBeUndefined();
  });

  test.each<[string, Files, string]>([
    ['JSON', { 'a.json': '{\n  "port": "80"}' }, 'a.json:2:11: /port must be integer'],
    ['YAML', { 'a.yaml': '# c\nport: 70000\n' }, 'a.yaml:2:7: /port must be <= 65535'],
    ['TOML', { 'a.toml': 'port = 1.5\n' }, 'a.toml: /port must be integer'],
    ['a missing property', { 'a.json': '\n{}' }, "a.json:2:1: must have required property 'port'"],
    ['the whole', { 'a.yaml': '- 1\n' }, 'a.yaml:1:1: must be object'],
    [
      'each document',
      { 'a.yaml': 'port: 1\n---\nport: x\n---\n---\nport: y\n' },
      'a.yaml:3:7: /port must be integer · a.yaml:6:7: /port must be integer',
    ],
    ['an empty file', { 'a.yaml': '# nothing\n' }, 'a.yaml:1:1: must be object'],
    [
      'a file that does not parse',
      { 'a.json': '{' },
      'a.json:1:2: the text ends too early: expected a key in double quotes',
    ],
    [
      'a file of another kind',
      { 'a.txt': 'x' },
      'a.txt: a schema holds for it, and its name does not end in .json, .yaml, .yml or .toml',
    ],
    [
      'a merge of nothing',
      { 'a.yaml': 'port: 1\n<<: 5' },
      'a.yaml:1:1: it cannot be checked: Merge sources must be maps or map aliases',
    ],
  ])('names the place in %s', async (_, files, problem) => {
    expect(await problemOf(port, files)).toBe(problem);
  });

  test.each([
    ['draft-07', draft7, 'definitions'],
    ['draft-07 over https, without #', 'https://json-schema.org/draft-07/schema', 'definitions'],
    ['2020-12', draft2020, '$defs'],
    ['no draft', undefined, '$defs'],
  ])('of %s', async (_, $schema, definitions) => {
    const schema = {
      $schema,
      type: 'object',
      properties: { a: { $ref: `#/${definitions}/a` }, b: { enum: ['x', 'y'] }, c: { const: 1 } },
      additionalProperties: false,
      [definitions]: { a: { type: 'string', pattern: '^[a-z]+$' } },
    };
    expect(await problemOf(schema, { 'a.json': '{"a": "x", "b": "y", "c": 1}' })).toBeUndefined();
    expect(await problemOf(schema, { 'a.json': '{"a": "X", "b": "z",\n "c": 2, "d": 3}' })).toBe(
      [
        'a.json:2:15: must NOT have additional properties: "d"',
        'a.json:1:7: /a must match pattern "^[a-z]+$"',
        'a.json:1:17: /b must be equal to one of the allowed values: "x", "y"',
        'a.json:2:7: /c must be equal to constant 1',
      ].join(' · '),
    );
  });

  test.each([
    [
      'draft-07 knows arrays in items',
      draft7,
      { items: [{ type: 'string' }] },
      '[1]',
      'a.json:1:2: /0 must be string',
    ],
    [
      '2020-12 knows prefixItems',
      draft2020,
      { prefixItems: [{ type: 'string' }] },
      '[1]',
      'a.json:1:2: /0 must be string',
    ],
    [
      '2020-12 knows dependentRequired',
      draft2020,
      { dependentRequired: { a: ['b'] } },
      '{"a": 1}',
      'a.json:1:1: must have property b when property a is present',
    ],
    [
      '2020-12 knows unevaluatedProperties',
      draft2020,
      { allOf: [{ properties: { a: true } }], unevaluatedProperties: false },
      '{"a": 1,\n"b": 1}',
      'a.json:2:6: must NOT have unevaluated properties: "b"',
    ],
    [
      'draft-07 knows if and then',
      draft7,
      JSON.parse('{"if": {"required": ["a"]}, "then": {"required": ["b"]}}'),
      '{"a": 1}',
      "a.json:1:1: must have required property 'b'",
    ],
    [
      'a property is one of its own',
      draft2020,
      { required: ['toString'] },
      '{}',
      "a.json:1:1: must have required property 'toString'",
    ],
    [
      'pointers are escaped',
      draft2020,
      { properties: { 'a/b~c': { type: 'null' } } },
      '{\n"a/b~c": 1}',
      'a.json:2:10: /a~1b~0c must be null',
    ],
    [
      'unknown keywords and formats are nothing',
      draft2020,
      { 'x-note': 1, format: 'colour' },
      '"x"',
      undefined,
    ],
    ['a pattern may escape more than needed', draft2020, { pattern: '^a\\-b$' }, '"a-b"', undefined],
    ['the pattern is for characters', draft2020, { pattern: '^.$' }, '"😀"', undefined],
  ])('%s', async (_, $schema, schema, text, problem) => {
    expect(await problemOf({ $schema, ...schema }, { 'a.json': text })).toBe(problem);
  });

  test.each([
    ['date-time', '2026-11-22T23:59:59Z', '2026-11-22'],
    ['date', '2026-02-28', '2026-02-30'],
    ['email', 'a@example.org', 'a'],
    ['hostname', 'a.example.org', '-a'],
    ['ipv4', '127.0.0.1', '256.0.0.1'],
    ['ipv6', '::1', ':::1'],
    ['uri', 'https://example.org/', 'no uri'],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', '123'],
    ['duration', 'P3D', '3 days'],
    ['regex', '^a$', '['],
  ])('knows the format %s', async (format, good, bad) => {
    const schema = { type: 'array', items: { format } };
    expect(await problemOf(schema, { 'a.json': JSON.stringify([good, bad]) })).toMatch(
      new RegExp(`^a\\.json:1:\\d+: /1 must match format "${format}"$`),
    );
  });

  test('is no data of its own', async () => {
    expect(await problemOf(port, { 'a.json': '{"port": 1}' }, '**')).toBeUndefined();
  });

  test('that holds for nothing is no failure', async () => {
    expect(await problemOf(port, { 'a.json': '{}' }, 'none/**')).toBeUndefined();
  });

  test('is chosen by globs as of the settings for sources', async () => {
    const problem = await problemOf(
      port,
      { '.a/b.json': '{}', 'c.json': '{}', '.a/d\ne.json': '{}' },
      '.*/**',
    );
    expect(problem).toBe(
      ".a/b.json:1:1: must have required property 'port' · .a/d e.json:1:1: must have required property 'port'",
    );
  });

  test('of several holds each', async () => {
    const rules = [
      { glob: '*.json', schema: 'one.yaml' },
      { glob: 'a.*', schema: './two.json' },
    ];
    const files = { 'a.json': '1', 'one.yaml': 'type: [string, "null"]\n', 'two.json': 'false' };
    const failure = await failureOf({ schemas: rules }, files);
    expect(failure?.message).toContain(
      'a.json:1:1: must be string,null · a.json:1:1: must NOT be valid · two.json:1:1: must be string,null',
    );
  });

  test('tells ten faults, and how many there are besides', async () => {
    const problem = await problemOf(
      { items: { type: 'null' } },
      { 'a.json': JSON.stringify(Array(1000).fill(1)) },
    );
    expect(problem?.split(' · ')).toHaveLength(11);
    expect(problem).toMatch(/ · and 990 more$/);
  });
});

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

  test('leads out of the set', async () => {
    const schemas = [{ glob: '*', schema: 'a/../../x.json' }];
    expect(() => createValidator({ syntax: false, schemas, exec: undefined, execTimeout: 1 }, {})).toThrow(
      new SettingsError({
        setting: 'WHERRY_VALIDATE_SCHEMA',
        problem: '"a/../../x.json" leads out of the set',
        cure: 'give a path inside the set, or an absolute one',
      }),
    );
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
