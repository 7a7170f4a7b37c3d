import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { bucket, hasCeph } from '../support/ceph.ts';
import { readSet } from '../support/engine-bench.ts';
import { run, start, stateOf } from '../support/program.ts';
import { ReloadApp } from '../support/reload-app.ts';
import { faults, type S3Server, s3FaultServer } from '../support/s3-fault-server.ts';
import { s3Settings } from '../support/s3-source.ts';
import { temporaryDirectory } from '../support/temporary.ts';

/** A bucket, a target, an application, and the settings that bring them together. */
async function bench(
  more: Readonly<Record<string, string>>,
  options: { readonly versioning?: boolean } = {},
) {
  const place = await bucket(options);
  const target = await temporaryDirectory();
  const app = await ReloadApp.start();
  const settings = {
    ...s3Settings(place, more),
    WHERRY_TARGET: target,
    WHERRY_POLL_INTERVAL: '50ms',
    WHERRY_RELOAD_URL: app.url().href,
  };
  return { ...place, target, app, settings, [Symbol.asyncDispose]: () => app[Symbol.asyncDispose]() };
}

function keysOf({ endpoint, accessKeyId, secretAccessKey }: S3Server) {
  return { endpoint, accessKeyId, secretAccessKey };
}

describe.skipIf(!hasCeph)('a sidecar on a bucket', () => {
  test('publishes an object and each change of it, and tells the application', async () => {
    await using test = await bench({ OBJECT: 'conf/app.yaml' });
    await test.writer.put('conf/app.yaml', 'v: 1');
    const wherry = start(['run'], test.settings);
    await expect.poll(() => test.app.calls.length).toBe(1);
    expect(await readSet(test.target)).toEqual({ 'app.yaml': 'v: 1' });
    const { etag } = await test.writer.put('conf/app.yaml', 'v: 2');
    await expect.poll(() => test.app.calls.length).toBe(2);
    expect(await readSet(test.target)).toEqual({ 'app.yaml': 'v: 2' });
    expect(test.app.calls[1]?.headers['x-wherry-revision']).toBe(`etag:${etag}`);
    expect((await wherry.kill('SIGTERM')).code).toBe(0);
  });

  test('publishes and tells nothing when the same bytes are uploaded again, whatever the ETag says', async () => {
    await using test = await bench({ OBJECT: 'app.yaml' });
    const big = Buffer.alloc(6 * 1024 * 1024, 'x');
    await test.writer.put('app.yaml', big);
    const wherry = start(['run'], { ...test.settings, WHERRY_LOG_LEVEL: 'debug' });
    await expect.poll(() => test.app.calls.length).toBe(1);
    // In parts it has another ETag.
    await test.writer.putParts('app.yaml', [big.subarray(0, 5 * 1024 * 1024), big.subarray(5 * 1024 * 1024)]);
    await wherry.says('the set is the same; nothing to publish');
    expect(test.app.calls).toHaveLength(1);
    expect((await stateOf(test.target)).sequence).toBe(1);
    const { stdout } = await run(['status', '--json'], { WHERRY_TARGET: test.target });
    const { published, sourceRevision } = JSON.parse(stdout);
    expect(published.provenance).toMatchObject({ key: 'app.yaml', etag: expect.not.stringContaining('-') });
    expect(sourceRevision).toMatch(/^etag:[0-9a-f]+-2$/);
  });

  test('goes on where it was after kill -9, with one conditional request', async () => {
    await using server = await s3FaultServer();
    server.createBucket('cfg').put('app.yaml', 'v: 1');
    const target = await temporaryDirectory();
    const settings = {
      ...s3Settings({ ...keysOf(server), name: 'cfg' }, { OBJECT: 'app.yaml' }),
      WHERRY_TARGET: target,
    };
    const first = start(['run'], settings);
    await first.says('published');
    await first.kill('SIGKILL');
    const before = server.requests.length;
    const second = start(['run'], settings);
    await expect.poll(() => server.requests.length).toBeGreaterThan(before);
    await second.kill('SIGTERM');
    expect(server.requests.slice(before).map(({ status }) => status)).toEqual([304]);
    expect((await stateOf(target)).sequence).toBe(1);
  });

  test('pins an earlier version, and goes on from there', async () => {
    await using test = await bench({ OBJECT: 'app.yaml' }, { versioning: true });
    const { versionId } = await test.writer.put('app.yaml', 'old');
    const wherry = start(['run'], test.settings);
    await wherry.says('published');
    await test.writer.put('app.yaml', 'new');
    await expect.poll(() => readSet(test.target)).toEqual({ 'app.yaml': 'new' });
    expect((await run(['pin', `version:${versionId}`], { WHERRY_TARGET: test.target })).code).toBe(0);
    await expect.poll(() => readSet(test.target)).toEqual({ 'app.yaml': 'old' });
    expect((await run(['resume'], { WHERRY_TARGET: test.target })).code).toBe(0);
    await expect.poll(() => readSet(test.target)).toEqual({ 'app.yaml': 'new' });
  });

  test('keeps the published set while the store is away or lies', async () => {
    await using server = await s3FaultServer();
    const stored = server.createBucket('cfg');
    stored.put('conf/a', '1');
    stored.put('conf/b', '2');
    const target = await temporaryDirectory();
    const settings = {
      ...s3Settings({ ...keysOf(server), name: 'cfg' }, { PREFIX: 'conf/', SETTLE: '10ms' }),
      WHERRY_TARGET: target,
      WHERRY_POLL_INTERVAL: '50ms',
    };
    const wherry = start(['run'], { ...settings, WHERRY_LOG_LEVEL: 'debug' });
    await expect.poll(() => readSet(target)).toEqual({ a: '1', b: '2' });
    server.arm(faults.html(), { times: 3 });
    await wherry.says('no S3 listing');
    await wherry.says('it works again');
    stored.delete('conf/a');
    stored.delete('conf/b');
    const refused = await wherry.says('refused; the published set stays');
    expect(refused['reason']).toContain('WHERRY_ALLOW_EMPTY: the set is empty');
    expect(await readSet(target)).toEqual({ a: '1', b: '2' });
  });

  test('publishes the same set from an archive as from a prefix', async () => {
    await using test = await bench({ PREFIX: 'conf/', SETTLE: '10ms' });
    await test.writer.put('conf/app.yaml', 'v: 1');
    expect((await run(['init'], test.settings)).code).toBe(0);
    const { published } = await stateOf(test.target);
    const source = await temporaryDirectory();
    await writeFile(`${source}/app.yaml`, 'v: 1');
    await test.writer.put('conf.tgz', execFileSync('tar', ['-cz', '-C', source, '.']));
    const archive = { WHERRY_S3_PREFIX: '', WHERRY_S3_SETTLE: '' };
    expect((await run(['init'], { ...test.settings, ...archive, WHERRY_S3_ARCHIVE: 'conf.tgz' })).code).toBe(
      0,
    );
    expect((await stateOf(test.target)).published).toEqual(published);
  });
});

describe.skipIf(!hasCeph)('init on a bucket', () => {
  test.each([
    [3, { SECRET_ACCESS_KEY: 'wrong' }, /WHERRY_S3_SECRET_ACCESS_KEY|secret/],
    [4, { OBJECT: 'nothing.yaml' }, /WHERRY_S3_OBJECT.*nothing\.yaml/],
    [4, { BUCKET: 'there-is-no-such-bucket' }, /WHERRY_S3_BUCKET.*there-is-no-such-bucket/],
    [5, { ENDPOINT: 'http://127.0.0.1:9' }, /could not be reached/],
    [2, { SECRET_ACCESS_KEY: '' }, /WHERRY_S3_SECRET_ACCESS_KEY: missing/],
  ])('ends with %i and one clear line: %j', async (code, wrong, line) => {
    await using test = await bench({ OBJECT: 'app.yaml' });
    await test.writer.put('app.yaml', 'v: 1');
    const settings = { ...test.settings, WHERRY_INIT_TIMEOUT: '3s' };
    const named = Object.entries(wrong).map(([name, value]) => [`WHERRY_S3_${name}`, value]);
    const ended = await run(['init'], { ...settings, ...Object.fromEntries(named) });
    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(line);
    expect(ended.stderr).not.toContain(test.secretAccessKey);
  });
});
