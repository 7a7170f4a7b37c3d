import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Parsed } from '../../src/validation/content/document.ts';
import { kindOf } from '../../src/validation/content/file-kind.ts';
import { parseJson } from '../../src/validation/content/json.ts';
import { scanJson } from '../../src/validation/content/json-scanner.ts';
import { problemLine } from '../../src/validation/content/problems.ts';
import { type Decoded, decodeText } from '../../src/validation/content/text.ts';
import { parseToml } from '../../src/validation/content/toml.ts';
import { parseYaml } from '../../src/validation/content/yaml.ts';

function faults(parsed: Parsed | Decoded): readonly string[] {
  return 'faults' in parsed ? parsed.faults.map((fault) => problemLine('f', fault)) : [];
}

function values(parsed: Parsed): readonly unknown[] {
  return parsed.kind === 'documents' ? parsed.documents.map((document) => document.value()) : [];
}

test.each([
  ['a.json', 'json'],
  ['a/b.YAML', 'yaml'],
  ['.yml', 'yaml'],
  ['x.Toml', 'toml'],
  ['json', undefined],
  ['a.json5', undefined],
  ['a.json/b', undefined],
  ['a.constructor', undefined],
])('%s is %s', (path, kind) => {
  expect(kindOf(path)).toBe(kind);
});

describe('JSON', () => {
  test.each([
    '{}',
    '[]',
    ' null\r\n',
    '"\\u00e9\\n"',
    '-0.5e+7',
    '{"a":[1,{"b":[]}],"a":2}',
    `${'['.repeat(1e5)}${']'.repeat(1e5)}`,
  ])('parses (%#)', (text) => {
    expect(parseJson(text).kind).toBe('documents');
    expect(scanJson(text)).toBeUndefined();
  });

  test.each([
    ['', 'f:1:1: it is empty, which is no JSON'],
    [' \n', 'f:1:1: it is empty, which is no JSON'],
    ['\ufeff{}', 'f:1:1: a byte order mark, which JSON does not allow: save it as UTF-8 without BOM'],
    ['{\n  "a": 1,\n}', 'f:2:9: a comma before "}"'],
    ['[1,2,]', 'f:1:5: a comma before "]"'],
    ['{"a": 1\n "b": 2}', 'f:2:2: unexpected double quote: expected "," or "}"'],
    ['[1 2]', 'f:1:4: unexpected "2": expected "," or "]"'],
    ['{"a" 1}', 'f:1:6: unexpected "1": expected ":" after the key'],
    ['{a: 1}', 'f:1:2: unexpected "a": expected a key in double quotes'],
    ["{'a': 1}", 'f:1:2: unexpected single quote: expected a key in double quotes'],
    ['{"a": tru}', 'f:1:7: unexpected "t": expected a value'],
    ['{"a": NaN}', 'f:1:7: unexpected "N": expected a value'],
    ['[01]', 'f:1:3: unexpected "1": expected "," or "]"'],
    ['[1.]', 'f:1:3: unexpected ".": expected "," or "]"'],
    ['[-]', 'f:1:2: unexpected "-": expected a value'],
    ['{"a": [1,\n', 'f:2:1: the text ends too early: expected a value'],
    ['{"a": {"b": 1}', 'f:1:15: the text ends too early: expected "," or "}"'],
    ['{', 'f:1:2: the text ends too early: expected a key in double quotes'],
    ['{"a": "x}', 'f:1:7: a string that is not closed'],
    ['{"a": "x\n"}', 'f:1:9: a line break in a string, or its closing quote is missing'],
    ['["a\tb"]', 'f:1:4: a control character in a string, which must be written as \\u00…'],
    ['["\\x41"]', 'f:1:3: a backslash in a string that starts no escape'],
    ['{\n// why\n"a": 1}', 'f:2:1: a comment, which JSON does not have'],
    ['{} {}', 'f:1:4: unexpected "{": expected nothing more after the document'],
    ['[\u00a01]', 'f:1:2: unexpected U+00A0: expected a value'],
    ['["é😀", x]', 'f:1:9: unexpected "x": expected a value'],
  ])('%j is refused', (text, line) => {
    expect(faults(parseJson(text))).toEqual([line]);
  });

  test('anything that JSON.stringify writes parses', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(values(parseJson(text))).toEqual([JSON.parse(text)]);
        expect(scanJson(text)).toBeUndefined();
      }),
    );
  });

  test('a changed text parses, or the fault lies inside of it', () => {
    const changes = fc.array(
      fc.tuple(fc.nat(), fc.nat(3), fc.constantFrom('', '"', '{', ']', ',', '\n', '\\', '0', 'x', '\ufeff')),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(fc.jsonValue(), changes, (value, list) => {
        let text = JSON.stringify(value, null, 1);
        for (const [at, removed, put] of list) {
          const start = at % (text.length + 1);
          text = text.slice(0, start) + put + text.slice(start + removed);
        }
        const parsed = parseJson(text);
        expect(scanJson(text) === undefined).toBe(parsed.kind === 'documents');
        if (parsed.kind === 'documents') return;
        const [{ position } = { position: undefined }] = parsed.faults;
        const line = text.split('\n')[(position?.line ?? 0) - 1];
        expect(line).toBeDefined();
        expect(position?.column).toBeGreaterThanOrEqual(1);
        expect(position?.column).toBeLessThanOrEqual((line?.length ?? 0) + 1);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    [[], 1, 1],
    [['a'], 2, 6],
    [['a', '1'], 2, 10],
    [['b/c', 'd'], 3, 14],
    [['b/c', 'none'], 3, 8],
  ])('finds %j', (path, line, column) => {
    const parsed = parseJson('{\n"a": [1, 2],\n"b/c": {"d": null}}');
    const [document] = parsed.kind === 'documents' ? parsed.documents : [];
    expect(document?.locate(path)).toEqual({ line, column });
  });
});

describe('YAML', () => {
  test.each([
    ['', [null]],
    ['# nothing\n', [null]],
    ['---\n...\n', [null]],
    ['a: 1\n---\n# nothing\n---\n- b\n', [{ a: 1 }, ['b']]],
    ['\ufeffa: 1', [{ a: 1 }]],
    [
      'base: &base {a: 1, b: 2}\nmine:\n  <<: *base\n  b: 3\n',
      [{ base: { a: 1, b: 2 }, mine: { a: 1, b: 3 } }],
    ],
    ['a: !Ref x\nb: !foo/bar {c: 1}\n', [{ a: 'x', b: { c: 1 } }]],
    ['a: &x 1\nb: &x 2\nc: *x', [{ a: 1, b: 2, c: 2 }]],
    [`v: &v 1\nlist: [${'*v, '.repeat(500)}]`, [{ v: 1, list: Array(500).fill(1) }]],
    ['1: a\n"1": b', [{ 1: 'b' }]],
    ['on: yes', [{ on: 'yes' }]],
  ])('%j parses', (text, expected) => {
    expect(values(parseYaml(text))).toEqual(expected);
  });

  test.each([
    ['a: b: c\n', ['f:1:4: Nested mappings are not allowed in compact mappings']],
    ['a:\n\t- b', ['f:2:1: Tabs are not allowed as indentation']],
    ['a: 1\n---\nb: "x\n', ['f:4:1: Missing closing "quote']],
    [
      'a: [1, 2\nb: 3',
      ['f:2:1: Flow sequence in block collection must be sufficiently indented and end with a ]'],
    ],
    ['a: *x', ['f:1:4: no anchor &x stands before the alias *x']],
    ['a: &x 1\n---\nb: *x', ['f:3:4: no anchor &x stands before the alias *x']],
    ['a: &x [1, *x]', ['f:1:11: the alias *x stands inside of what it names']],
    [
      'a: 1\nb:\n  c: 1\n  c: 2\na: 3',
      ['f:5:1: the key "a" stands twice in one mapping', 'f:4:3: the key "c" stands twice in one mapping'],
    ],
    [
      'a: x: 1\n---\nb: y: 1\n',
      [
        'f:1:4: Nested mappings are not allowed in compact mappings',
        'f:3:4: Nested mappings are not allowed in compact mappings',
      ],
    ],
    ['a: !e!x 1', ['f:1:4: Could not resolve tag: !e!x']],
    ['a: @x', ['f:1:4: Plain value cannot start with reserved character @']],
  ])('%j is refused', (text, lines) => {
    expect(faults(parseYaml(text))).toEqual(lines);
  });

  test('of aliases that multiply is refused', () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const item = level === 0 ? 'lol' : `*l${level - 1}`;
      return `l${level}: &l${level} [${Array(10).fill(item).join(', ')}]`;
    });
    expect(faults(parseYaml(levels.join('\n')))).toEqual([
      expect.stringMatching(/^f:6:\d+: the aliases up to \*l4 stand for more than 1000000 values$/),
    ]);
  });

  test('that is too deep is refused', () => {
    expect(faults(parseYaml('['.repeat(100_000)))).toEqual([
      expect.stringMatching(/^f:1:\d+: it is nested too deeply$/),
    ]);
  });

  test('with many keys takes no time that grows with their square', () => {
    const text = Array.from({ length: 30_000 }, (_, index) => `key${index}: 1`).join('\n');
    expect(parseYaml(text).kind).toBe('documents');
  }, 20_000);

  test.each([
    [[], 1, 1],
    [['a', '1', 'b'], 3, 8],
    [['c'], 4, 7],
    [['e', 'x'], 4, 11],
    [['e', 'none'], 5, 4],
    [['f'], 7, 3],
    [['f', 'none'], 7, 3],
    [['g'], 8, 3],
  ])('finds %j', (path, line, column) => {
    const text = 'a:\n  - 1\n  - b: 2\nc: &c {x: 1}\ne: *c\nf:\n  h: 1\ng:\n';
    const parsed = parseYaml(text);
    const [document] = parsed.kind === 'documents' ? parsed.documents : [];
    expect(document?.locate(path)).toEqual({ line, column });
  });
});

describe('TOML', () => {
  test.each([
    ['', {}],
    ['\ufeffa = 1', { a: 1 }],
    [
      '[t]\nd = 1979-05-27T07:32:00Z\nday = 1979-05-27\nn = 9223372036854775807\n',
      { t: { d: '1979-05-27T07:32:00.000Z', day: '1979-05-27', n: 2 ** 63 } },
    ],
    ['[[list]]\na = 1\n[[list]]\n', { list: [{ a: 1 }, {}] }],
  ])('%j parses', (text, value) => {
    expect(values(parseToml(text))).toEqual([value]);
  });

  test.each([
    ['a = 1\nb = \n', 'f:2:5: invalid value'],
    ['a = 1\na = 2', 'f:2:1: trying to redefine an already defined table or value'],
    ['[a\n', 'f:1:3: illegal character in key'],
    ['x = [[1]', 'f:1:9: expected comma or end of structure'],
  ])('%j is refused', (text, line) => {
    expect(faults(parseToml(text))).toEqual([line]);
  });
});

describe('a text', () => {
  test.each([
    [[0x61, 0x0a, 0x62, 0xff, 0x63], 'f:2:2: bytes that are no UTF-8 text'],
    [[0xef, 0xbf, 0xbd, 0x0a, 0xc3], 'f:2:1: bytes that are no UTF-8 text'],
    [[0xed, 0xa0, 0x80], 'f:1:1: bytes that are no UTF-8 text'],
    [[0xff, 0xfe, 0x7b, 0x00], 'f:1:1: it is UTF-16: save it as UTF-8'],
  ])('of the bytes %j is refused', (bytes, line) => {
    expect(faults(decodeText(Buffer.from(bytes)))).toEqual([line]);
  });

  test('is UTF-8', () => {
    const text = 'é😀\ufffd';
    expect(decodeText(Buffer.from(text))).toEqual({ kind: 'text', text });
  });
});
