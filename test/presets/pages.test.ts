import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { presetNames } from '../../src/presets/names.ts';
import { presets } from '../../src/presets/presets.ts';
import { variableName } from '../../src/settings/schema.ts';
import { loadSettings } from '../../src/settings/settings.ts';

describe.each(presetNames)('the page of %s', (name) => {
  const page = readFile(`src/presets/${name}.md`, 'utf8');

  test('lists what the preset sets', async () => {
    const rows = [...(await page).matchAll(/^\| `(WHERRY_\w+)` \| `(.*)` \|$/gm)];
    const settings = Object.entries(presets[name].settings);
    expect(rows.map(([, variable, value]) => [variable, value])).toEqual(
      settings.map(([key, value]) => [variableName(key), value]),
    );
  });

  test('shows variables that the program takes', async () => {
    const [, block = ''] = /```yaml\n(env:\n[\s\S]*?)```/.exec(await page) ?? [];
    const { env } = parse(block) as { env: readonly { name: string; value: string }[] };
    const variables = Object.fromEntries(env.map((one) => [one.name, one.value]));
    const { settings } = loadSettings({ env: variables, flags: new Map(), complete: true });
    expect(settings.reloadPreset).toBe(name);
  });

  test('names the command that validates', async () => {
    const { validator } = presets[name];
    if (validator === undefined) expect(await page).not.toContain('WHERRY_VALIDATE_EXEC');
    else expect(await page).toContain(`WHERRY_VALIDATE_EXEC=${validator}\``);
  });
});
