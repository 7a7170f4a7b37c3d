import { describe, expect, test } from 'vitest';
import { draft7, draft2020, type Files, failureOf, problemOf } from './candidate.ts';

const port = {
  type: 'object',
  properties: { port: { type: 'integer', maximum: 65535 } },
  required: ['port'],
};

describe('a schema', () => {
  test('may say that something is nullable without its type, as OpenAPI has it, and what is beside that holds', async () => {
    const schema = {
      properties: {
        a: { nullable: true, enum: [1, null] },
        b: { allOf: [{ nullable: false }], nullable: true, $ref: '#/definitions/c' },
        nullable: { type: 'string', nullable: true },
        default: { nullable: true, const: { nullable: true } },
      },
      definitions: { c: { prefixItems: [{ nullable: true }], maxItems: 1 } },
      dependentSchemas: { nullable: { required: ['a'] } },
    };
    expect(
      await problemOf(schema, {
        'a.json': '{"a": null, "b": [1], "nullable": null, "default": {"nullable": true}}',
      }),
    ).toBeUndefined();
    expect(await problemOf(schema, { 'a.json': '{"a": 2, "b": [1, 2], "nullable": 1}' })).toBe(
      [
        'a.json:1:7: /a must be equal to one of the allowed values: 1, null',
        'a.json:1:15: /b must NOT have more than 1 items',
        'a.json:1:35: /nullable must be string',
      ].join(' · '),
    );
    expect(await problemOf(schema, { 'a.json': '{"nullable": "x"}' })).toContain("required property 'a'");
  });

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
