import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { run, start } from '../support/program.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** Two directories as layers; `away` and `back` take the upper one out of its place, as a volume that is gone. */
async function directories() {
  const place = await temporaryDirectory();
  const target = await temporaryDirectory();
  const [base, site, elsewhere] = ['base', 'site', 'elsewhere'].map((name) => join(place, name));
  if (base === undefined || site === undefined || elsewhere === undefined) throw new Error('three names');
  await mkdir(base);
  await mkdir(site);
  await writeFile(join(base, 'app.yaml'), 'base: 1');
  await writeFile(join(base, 'limits.yaml'), 'base: 1');
  await writeFile(join(site, 'limits.yaml'), 'site: 1');
  const settings = {
    WHERRY_LAYERS: 'base,site',
    WHERRY_BASE_SOURCE: 'dir',
    WHERRY_BASE_DIR_PATH: base,
    WHERRY_SITE_SOURCE: 'dir',
    WHERRY_SITE_DIR_PATH: site,
    WHERRY_TARGET: target,
    WHERRY_POLL_INTERVAL: '200ms',
  };
  return {
    base,
    target,
    settings,
    away: () => rename(site, elsewhere),
    back: () => rename(elsewhere, site),
  };
}

test.each([
  ['symlink', ''],
  ['rename', ''],
  ['link', 'current'],
])(
  'published by %s, a layer that is gone keeps its part, and takes it up again',
  { timeout: 60_000 },
  async (mode, below) => {
    const { base, target, settings, away, back } = await directories();
    const init = () => run(['init'], { ...settings, WHERRY_PUBLISH: mode });
    const read = (name: string) => readFile(join(target, below, name), 'utf8');
    expect(await init()).toMatchObject({ code: 0 });
    await away();
    await writeFile(join(base, 'app.yaml'), 'base: 2');
    const ended = await init();
    expect(ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('a layer fails: WHERRY_SITE_DIR_PATH'),
    });
    expect([await read('app.yaml'), await read('limits.yaml')]).toEqual(['base: 2', 'site: 1']);
    await back();
    await writeFile(join(settings.WHERRY_SITE_DIR_PATH, 'limits.yaml'), 'site: 2');
    expect(await init()).toMatchObject({ code: 0 });
    expect([await read('app.yaml'), await read('limits.yaml')]).toEqual(['base: 2', 'site: 2']);
  },
);

test('what something else edited is put back as soon as its layer is there, whatever the others do', {
  timeout: 60_000,
}, async () => {
  const { target, settings, away, back } = await directories();
  const patient = { timeout: 30_000 };
  const read = (name: string) => readFile(join(target, name), 'utf8').catch(String);
  const wherry = start(['run'], settings);
  await expect.poll(() => read('limits.yaml'), patient).toBe('site: 1');
  await away();
  await wherry.says('a layer fails');
  await writeFile(join(target, 'app.yaml'), 'edited');
  await writeFile(join(target, 'limits.yaml'), 'edited');
  await wherry.says('not put back yet: WHERRY_SITE_DIR_PATH', 30_000);
  await expect.poll(() => read('app.yaml'), patient).toBe('base: 1');
  expect(await read('limits.yaml')).toBe('edited');
  await back();
  await expect.poll(() => read('limits.yaml'), patient).toBe('site: 1');
});

test('what something else edited is put back while another layer, which has no past, shows what is refused', {
  timeout: 60_000,
}, async () => {
  const { target, settings } = await directories();
  const read = (name: string) => readFile(join(target, name), 'utf8').catch(String);
  const wherry = start(['run'], { ...settings, WHERRY_VALIDATE: 'syntax' });
  await expect.poll(() => read('limits.yaml'), { timeout: 30_000 }).toBe('site: 1');
  await writeFile(join(settings.WHERRY_SITE_DIR_PATH, 'limits.yaml'), 'site: {');
  await wherry.says('refused; the published set stays', 30_000);
  await writeFile(join(target, 'limits.yaml'), 'edited');
  await writeFile(join(target, 'app.yaml'), 'edited');
  await expect.poll(() => read('app.yaml'), { timeout: 30_000 }).toBe('base: 1');
  await wherry.says('not put back yet: WHERRY_SITE_DIR_PATH', 30_000);
  expect(await read('limits.yaml')).toBe('edited');
});

test('what a layer kept goes when there is no such layer any more', { timeout: 60_000 }, async () => {
  const { target, settings } = await directories();
  const kept = join(target, '..wherry', 'layers');
  expect(await run(['init'], settings)).toMatchObject({ code: 0 });
  expect(await readdir(kept)).toEqual(['base', 'site']);
  const { WHERRY_BASE_SOURCE: _, WHERRY_BASE_DIR_PATH: __, ...rest } = settings;
  expect(await run(['init'], { ...rest, WHERRY_LAYERS: 'site' })).toMatchObject({ code: 0 });
  expect(await readdir(kept)).toEqual(['site']);
  expect((await readdir(target)).filter((name) => !name.startsWith('..'))).toEqual(['limits.yaml']);
});
