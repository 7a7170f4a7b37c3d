import { createHash } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifest } from '../../src/publish/manifest.ts';
import { readSet } from '../support/engine-bench.ts';
import { ask, freePort } from '../support/http-client.ts';
import { layersWorld, secrets } from '../support/layers-world.ts';
import { run, start, stateOf } from '../support/program.ts';
import { faults } from '../support/s3-fault-server.ts';
import { linesOf } from '../support/sidecar-bench.ts';

const patient = { timeout: 30_000 };

/** All three layers have what the tests begin with. */
async function world() {
  const made = await layersWorld();
  await made.repository.commit({ 'app.yaml': 'base: 1', 'limits.yaml': 'base: 1' });
  made.bucket.put('site/limits.yaml', 'site: 1');
  await made.save('server.pem', 'PEM 1');
  return made;
}

describe('a repository, a bucket and a directory', () => {
  test('become one set, and each change in one of them one publish and one reload', {
    timeout: 90_000,
  }, async () => {
    await using all = await world();
    const { target, app, settings } = all;
    const wherry = start(['run'], settings);
    await expect.poll(() => app.calls.length, patient).toBe(1);
    expect(await readSet(target)).toEqual({
      'app.yaml': 'base: 1',
      'limits.yaml': 'site: 1',
      'tls/server.pem': 'PEM 1',
    });
    all.bucket.put('site/limits.yaml', 'site: 2');
    await expect.poll(() => app.calls.length, patient).toBe(2);
    await all.save('server.pem', 'PEM 2');
    await expect.poll(() => app.calls.length, patient).toBe(3);
    await all.repository.commit({ 'app.yaml': 'base: 2', 'limits.yaml': 'base: 1' });
    await expect.poll(() => app.calls.length, patient).toBe(4);
    expect(await readSet(target)).toEqual({
      'app.yaml': 'base: 2',
      'limits.yaml': 'site: 2',
      'tls/server.pem': 'PEM 2',
    });
    expect((await stateOf(target)).sequence).toBe(4);
    const manifest = await readManifest(join(target, '..data'));
    expect(manifest?.files.map(({ path, layer }) => `${layer} ${path}`)).toEqual([
      'base app.yaml',
      'site limits.yaml',
      'tls tls/server.pem',
    ]);
    expect(manifest?.revision).toMatch(/^base=[0-9a-f]{40},site=listing:[0-9a-f]+,tls=listing:[0-9a-f]+$/);
    const { stdout, stderr, code } = await wherry.kill('SIGTERM');
    expect(code).toBe(0);
    const shown = stdout + stderr + JSON.stringify(manifest) + JSON.stringify(await stateOf(target));
    for (const secret of [secrets.password, all.s3.secretAccessKey]) expect(shown).not.toContain(secret);
  });

  test('are published as far as they work, at a start too, and whole when all do', {
    timeout: 120_000,
  }, async () => {
    await using all = await world();
    const { target, app, settings, git, s3 } = all;
    const first = start(['run'], settings);
    await expect.poll(() => app.calls.length, patient).toBe(1);
    await first.kill('SIGKILL');

    git.fault = () => ({ status: 503 });
    s3.arm(faults.error(503, 'ServiceUnavailable'), { times: Number.POSITIVE_INFINITY });
    await all.save('server.pem', 'PEM 2');
    const port = await freePort();
    const wherry = start(['run'], { ...settings, WHERRY_ADMIN_ADDRESS: `127.0.0.1:${port}` });
    await expect
      .poll(() => readSet(target), patient)
      .toEqual({ 'app.yaml': 'base: 1', 'limits.yaml': 'site: 1', 'tls/server.pem': 'PEM 2' });
    const admin = `http://127.0.0.1:${port}`;
    await expect.poll(async () => (await ask(`${admin}/readyz`)).status, patient).toBe(200);
    const metrics = async () => (await ask(`${admin}/metrics`)).body;
    await expect.poll(metrics, patient).toContain('wherry_polls_total{layer="base",result="failed"}');
    const text = await metrics();
    expect(text).toContain('wherry_layer_failing{layer="base"} 1');
    expect(text).toContain('wherry_layer_failing{layer="tls"} 0');
    expect(text).toContain('wherry_source_last_contact_timestamp_seconds{layer="tls"}');
    expect(text).toMatch(/wherry_s3_requests_total\{layer="site",/);
    expect(text).not.toContain('layer="main"');
    const status = JSON.parse((await ask(`${admin}/status`)).body);
    expect(status.layers).toMatchObject([
      {
        name: 'base',
        lastFailure: { kind: 'unreachable', message: expect.stringMatching(/^WHERRY_BASE_GIT_REPO/) },
      },
      {
        name: 'site',
        lastFailure: { kind: 'unreachable', message: expect.stringMatching(/^WHERRY_SITE_S3_/) },
      },
      { name: 'tls', mount: 'tls' },
    ]);
    expect(status.lastFailure).toBeUndefined();
    const { stdout } = await run(['status'], { WHERRY_TARGET: target });
    expect(stdout).toMatch(/base fails since .*: WHERRY_BASE_GIT_REPO/);

    git.fault = () => undefined;
    s3.disarm();
    all.bucket.put('site/more.yaml', 'site: 1');
    await all.repository.commit({ 'app.yaml': 'base: 2' });
    await expect
      .poll(() => readSet(target), patient)
      .toEqual({
        'app.yaml': 'base: 2',
        'limits.yaml': 'site: 1',
        'more.yaml': 'site: 1',
        'tls/server.pem': 'PEM 2',
      });
    await expect.poll(metrics, patient).toContain('wherry_layer_failing{layer="base"} 0');
    await expect.poll(async () => (await stateOf(target)).layerFailures, patient).toBeUndefined();
    expect(linesOf(wherry, 'the layer works again').length).toBeGreaterThan(1);
  });

  test('fail an init where one of them never was there, with its own exit code', {
    timeout: 60_000,
  }, async () => {
    await using all = await world();
    const wrong = {
      ...all.settings,
      WHERRY_BASE_GIT_PASSWORD_FILE: '',
      WHERRY_BASE_GIT_PASSWORD: 'wrong-wrong',
    };
    const ended = await run(['init'], { ...wrong, WHERRY_INIT_TIMEOUT: '3s' });
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain('WHERRY_BASE_GIT_PASSWORD');
    expect(ended.stderr).not.toContain('wrong-wrong');
    expect((await run(['init'], all.settings)).code).toBe(0);
    const checked = await run(['check'], wrong);
    expect(checked.code).toBe(3);
    expect(checked.stdout).toMatch(/FAIL source {3}WHERRY_BASE_GIT_PASSWORD/);
    expect(checked.stdout).toMatch(/ok {3}source {3}layer tls: /);
    const well = await run(['check'], all.settings);
    expect(well.code).toBe(0);
    expect(well.stdout).toMatch(/s3 {7}layer site: /);
  });

  test('can each be pinned, by the beginning of a commit too', { timeout: 60_000 }, async () => {
    await using all = await world();
    const { target, settings } = all;
    start(['run'], settings);
    await expect.poll(() => all.app.calls.length, patient).toBe(1);
    const { published } = await stateOf(target);
    const commit = /base=([0-9a-f]{40})/.exec(published?.revision ?? '')?.[1] ?? '';
    await all.repository.commit({ 'app.yaml': 'base: 2' });
    await expect.poll(() => readSet(target), patient).toHaveProperty(['app.yaml'], 'base: 2');
    const pinned = await run(['pin', `base=${commit.slice(0, 10)}`], settings);
    expect(pinned.stdout).toContain(`base=${commit} is followed`);
    await expect.poll(() => readSet(target), patient).toHaveProperty(['app.yaml'], 'base: 1');
    all.bucket.put('site/more.yaml', 'site: 1');
    await expect.poll(() => readSet(target), patient).toHaveProperty(['more.yaml'], 'site: 1');
    const refused = await run(['pin', commit], settings);
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain('names no layer; write base=…, site=…, tls=…');
  });
});

const kills = process.env['CI'] === undefined ? 8 : 40;

test(`${kills} kills while all layers change tear no set and lose no change`, {
  timeout: 300_000,
}, async () => {
  await using all = await world();
  const { target, app, settings } = all;
  for (let kill = 0; kill < kills; kill += 1) {
    const wherry = start(['run'], settings);
    if (kill === 0) await expect.poll(() => app.calls.length, patient).toBe(1);
    all.bucket.put('site/limits.yaml', `site: ${kill}`);
    await all.repository.commit({ 'app.yaml': `base: ${kill}`, 'limits.yaml': 'base' });
    await all.save('server.pem', `PEM ${kill}`);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1200));
    // Now and then a layer is away when it starts again.
    all.git.fault = () => (kill % 3 === 1 ? { status: 503 } : undefined);
    await wherry.kill('SIGKILL');
    await expectWhole(target);
  }
  all.git.fault = () => undefined;
  start(['run'], settings);
  const last = kills - 1;
  await expect
    .poll(() => readSet(target), { timeout: 60_000 })
    .toEqual({
      'app.yaml': `base: ${last}`,
      'limits.yaml': `site: ${last}`,
      'tls/server.pem': `PEM ${last}`,
    });
  await expect
    .poll(async () => {
      const { published, targets } = await stateOf(target);
      return published !== undefined && targets['url1']?.acknowledged === published.sequence;
    }, patient)
    .toBe(true);
  expect(app.calls.length).toBeGreaterThan(0);
});

/** Every file that the set's manifest names is there, as it says. */
async function expectWhole(target: string): Promise<void> {
  const generation = join(target, await readlink(join(target, '..data')));
  const manifest = await readManifest(generation);
  for (const entry of manifest?.files ?? []) {
    if ('link' in entry) continue;
    const content = await readFile(join(generation, entry.path));
    expect(createHash('sha256').update(content).digest('hex')).toBe(entry.sha256);
  }
  expect(manifest?.layers?.map(({ name }) => name)).toEqual(['base', 'site', 'tls']);
}
