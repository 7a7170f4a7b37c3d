import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Revision } from '../../src/snapshot/entry.ts';
import { FileRequestBox } from '../../src/steering/request-box.ts';
import { recordingLog } from '../admin/views.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const revision = 'v1' as Revision;

async function bench() {
  const stateDir = await temporaryDirectory();
  const directory = join(stateDir, 'requests');
  const { log, warnings } = recordingLog();
  return { stateDir, directory, warnings, log, box: new FileRequestBox(stateDir, log) };
}

describe('the box of requests', () => {
  test('is empty, and says nothing, where none was ever left', async () => {
    const { stateDir, box, warnings } = await bench();
    expect(await box.take()).toEqual([]);
    expect(await readdir(stateDir)).toEqual([]);
    expect(warnings).toEqual([]);
  });

  test('gives the oldest first, again until they are done', async () => {
    const { stateDir, box, log } = await bench();
    const left = [
      await box.leave({ action: 'hold' }),
      await box.leave({ action: 'pin', revision }),
      await box.leave({ action: 'resume' }),
      await box.leave({ action: 'rollback' }),
    ];
    const reader = new FileRequestBox(stateDir, log);
    expect(await reader.take()).toEqual(left);
    const [first, ...later] = await reader.take();
    if (first !== undefined) await reader.done(first);
    expect(await reader.take()).toEqual(later);
    expect(await new FileRequestBox(stateDir, log).take()).toEqual(later);
  });

  test('is private, and holds whole files with the time in their names', async () => {
    const { directory, box } = await bench();
    const before = new Date().toISOString().slice(0, 10);
    const { id } = await box.leave({ action: 'pin', revision });
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    const [name = '', ...others] = await readdir(directory);
    expect(others).toEqual([]);
    expect(name).toMatch(/^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z-[0-9a-f-]{36}\.json$/);
    expect(name >= before).toBe(true);
    expect(JSON.parse(await readFile(join(directory, name), 'utf8'))).toEqual({
      action: 'pin',
      revision,
      id,
    });
  });

  test('tells its writer whether a request still lies there', async () => {
    const { stateDir, box, log } = await bench();
    const request = await box.leave({ action: 'hold' });
    expect(await box.holds(request)).toBe(true);
    const reader = new FileRequestBox(stateDir, log);
    for (const taken of await reader.take()) await reader.done(taken);
    expect(await box.holds(request)).toBe(false);
  });

  test.each([
    ['a half file', '1.json', '{"action":"ho'],
    ['an unknown action', '1.json', '{"id":"a","action":"explode"}'],
    ['a pin without a revision', '1.json', '{"id":"a","action":"pin"}'],
    ['a pin to what is no revision', '1.json', '{"id":"a","action":"pin","revision":"--exec=x"}'],
    ['no id', '1.json', '{"action":"hold"}'],
    ['an id that is none', '1.json', '{"id":"../../x","action":"hold"}'],
    ['no object', '1.json', 'null'],
    ['another name', 'hold', '{"id":"a","action":"hold"}'],
  ])('removes %s, says so once, and goes on with the next', async (_, name, content) => {
    const { directory, box, warnings } = await bench();
    await mkdir(directory);
    await writeFile(join(directory, name), content);
    const good = await box.leave({ action: 'hold' });
    expect(await box.take()).toEqual([good]);
    expect(await box.take()).toEqual([good]);
    expect(await readdir(directory)).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining('cannot be read')]);
  });

  test('says once what it cannot remove, and goes on with the next', async () => {
    const { directory, box, warnings } = await bench();
    await mkdir(join(directory, '1.json'), { recursive: true });
    const good = await box.leave({ action: 'hold' });
    expect(await box.take()).toEqual([good]);
    expect(await box.take()).toEqual([good]);
    expect(warnings).toHaveLength(2);
  });

  test('leaves what is still being written alone, and clears what a killed writer left', async () => {
    const { directory, box } = await bench();
    await mkdir(directory);
    await writeFile(join(directory, 'new.json.tmp'), '{');
    await writeFile(join(directory, 'old.json.tmp'), '{');
    const hourAgo = new Date(Date.now() - 3_600_000);
    await utimes(join(directory, 'old.json.tmp'), hourAgo, hourAgo);
    expect(await box.take()).toEqual([]);
    expect(await readdir(directory)).toEqual(['new.json.tmp']);
  });

  test('that is no directory is said once, and is no failure', async () => {
    const { directory, box, warnings } = await bench();
    await writeFile(directory, '');
    expect(await box.take()).toEqual([]);
    expect(await box.take()).toEqual([]);
    expect(warnings).toEqual(['requests cannot be looked for']);
  });

  test.skipIf(process.getuid?.() !== 0)('belongs to whom the state belongs to when root leaves', async () => {
    const { chown } = await import('node:fs/promises');
    const { stateDir, directory, box } = await bench();
    await chown(stateDir, 65_534, 65_534);
    const request = await box.leave({ action: 'hold' });
    expect(await stat(directory)).toMatchObject({ uid: 65_534, gid: 65_534 });
    expect((await stat(box.pathOf(request) ?? '')).mode & 0o444).toBe(0o444);
  });
});
