import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { settingRows, settingsMarkdown } from '../../src/settings/reference.ts';
import { unavailable } from '../../src/settings/unavailable.ts';
import { contract } from './contract.ts';

test('the README’s tables are what `wherry settings --markdown` prints', async () => {
  const readme = await readFile('README.md', 'utf8');
  const [, tables] = /<!-- settings:.*? -->\n([\s\S]*?)<!-- \/settings -->/.exec(readme) ?? [];
  expect(tables?.trim()).toBe(settingsMarkdown().trim());
});

describe('the contract with users', () => {
  const rows = new Map(settingRows().map((row) => [row.variable, row]));

  test('has every setting of the schema, and no other', () => {
    expect([...rows.keys(), ...unavailable].sort()).toEqual(Object.keys(contract).sort());
  });

  test.each(Object.entries(contract))('%s defaults to %s, or is refused', (variable, value) => {
    if (unavailable.includes(variable)) expect(rows.has(variable)).toBe(false);
    else expect(rows.get(variable)?.default ?? null).toBe(value);
  });
});
