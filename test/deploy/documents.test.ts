import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { Metrics } from '../../src/admin/metrics.ts';
import { presetNames } from '../../src/presets/names.ts';
import type { Kind } from '../../src/settings/kinds.ts';
import { isLayerVariable } from '../../src/settings/layers/schema.ts';
import { schema, variableName } from '../../src/settings/schema.ts';
import { unavailable } from '../../src/settings/unavailable.ts';
import { hasProgram } from '../support/prometheus.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const pages = readdirSync('src/presets').filter((name) => name.endsWith('.md'));
const documents = [
  'README.md',
  'deploy/README.md',
  'deploy/iam/README.md',
  'deploy/image/README.md',
  'src/sources/s3/pointer/README.md',
  ...pages.map((name) => `src/presets/${name}`),
];
const kinds: ReadonlyMap<string, Kind<unknown>> = new Map(
  Object.entries(schema).map(([key, { kind }]) => [variableName(key), kind]),
);
/** What commands are told in their environment. */
const told = ['STAGED', 'REVISION', 'PREVIOUS_REVISION', 'SEQUENCE', 'CHANGED_FILES'];
/** What Kubernetes makes for a Service of that name. */
const ofServices = ['PORT', 'SERVICE_HOST'];
const others = [...told, ...ofServices].map((name) => `WHERRY_${name}`);

const read = (path: string): string => readFileSync(path, 'utf8');

describe.each(documents)('%s', (path) => {
  const text = read(path);

  test('links to what is there', () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.filter((link) => !leadsSomewhere(path, link))).toEqual([]);
  });

  test('names settings that the program knows', () => {
    const names = new Set([...text.matchAll(/\bWHERRY_[A-Z0-9_]*[A-Z0-9]\b(?!_?\*)/g)].map(([name]) => name));
    const isKnown = (name: string) =>
      [name, name.replace(/_FILE$/, '')].some((one) => kinds.has(one)) ||
      // Those of the layers of an example.
      (/^WHERRY_(BASE|SITE|TLS)_/.test(name) && isLayerVariable(name)) ||
      [...others, ...unavailable, 'WHERRY_X_Y', 'WHERRY_X_Y_FILE'].includes(name);
    expect([...names].filter((name) => !isKnown(name))).toEqual([]);
  });

  test('gives values that the program understands', () => {
    const spans = [...text.matchAll(/`(WHERRY_[A-Z0-9_]+=[^`]+)`/g)].map(([, span = '']) => span);
    const values = spans
      .flatMap((span) => span.split(/\s+(?=WHERRY_[A-Z0-9_]+=)/))
      .map((assignment) => /^(\w+)=(.*)$/s.exec(assignment))
      .flatMap((found) => (found === null ? [] : [{ name: found[1] ?? '', value: found[2] ?? '' }]));
    const wrong = values.filter(({ name, value }) => {
      const kind = kinds.get(name);
      return (
        kind !== undefined && value !== '…' && kind.parse(value.replace(/^'(.*)'$/s, '$1')) === undefined
      );
    });
    expect(wrong).toEqual([]);
  });
});

test('the table of the presets has every one, with its page', () => {
  const rows = [...read('src/presets/README.md').matchAll(/^\| \[`([\w-]+)`\]\(([\w-]+)\.md\)/gm)];
  expect(rows.map(([, name]) => name).sort()).toEqual([...presetNames].sort());
  for (const [, name, page] of rows) expect(page).toBe(name);
});

describe('the alert rules', () => {
  const [, rules = ''] = /```yaml\n(groups:\n[\s\S]*?)```/.exec(read('deploy/README.md')) ?? [];

  test('ask for metrics that there are', () => {
    const { groups } = parse(rules) as { groups: { rules: { expr: string }[] }[] };
    const asked = groups.flatMap((group) =>
      group.rules.flatMap(({ expr }) => [...expr.matchAll(/\bwherry_\w+/g)].map(([name]) => name)),
    );
    const set = { revision: 'a', digest: 'b', sequence: 1, publishedAt: '', files: 1, bytes: 1 };
    const written = new Metrics(() => ({
      version: '0.0.0',
      published: set,
      targets: [],
      pending: false,
      verification: { state: 'pending' },
      pin: { revision: 'v1', at: '' },
      layers: [{ name: 'base', source: '' }],
    })).render(false);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((name) => !written.includes(`\n${name}`))).toEqual([]);
  });

  test.skipIf(!hasProgram('promtool'))('promtool accepts them', async () => {
    const file = join(await temporaryDirectory(), 'wherry.yml');
    await writeFile(file, rules);
    const { status, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

function leadsSomewhere(from: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? from : join(dirname(from), path);
  if (!existsSync(file)) return false;
  return (
    anchor === undefined ||
    anchors(read(file.endsWith('/') ? join(file, 'README.md') : file)).includes(anchor)
  );
}

/** As GitHub makes them. */
function anchors(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );
}
