import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, readdir, readlink, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { RefusedError, TargetError, UnreachableError } from '../../../src/failure/failure.ts';
import { removeSpoolLeftovers, SpooledArchive } from '../../../src/sources/archive/spooled-archive.ts';
import { generous, packTar, packZip } from '../../support/archives.ts';
import { failureOf, soon } from '../../support/calls.ts';
import { filesOf, MemorySink } from '../../support/taking.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const subject = { setting: 'WHERRY_S3_ARCHIVE', key: 'set.tar.gz' };
const listing = { filter: { takes: () => true }, limits: generous };

async function* body(...chunks: readonly Buffer[]): AsyncGenerator<Buffer, void, void> {
  yield* chunks;
}

async function options(
  more: { readonly size?: number; readonly maxBytes?: number; readonly sha256?: string } = {},
) {
  const directory = join(await temporaryDirectory(), 'state', 's3');
  return { subject, format: 'tar.gz' as const, directory, maxBytes: 2 ** 20, ...more };
}

const archive = gzipSync(await packTar({ name: 'a', content: 'first' }, { name: 'b', content: 'second' }));
const digest = createHash('sha256').update(archive).digest('hex');

describe('a spooled archive', () => {
  test('is a private file until it is disposed of', async () => {
    const given = await options({ sha256: digest });
    const spooled = await SpooledArchive.take(
      body(archive.subarray(0, 9), archive.subarray(9)),
      given,
      soon(),
    );
    const [name = ''] = await readdir(given.directory);
    const { mode, size } = await stat(join(given.directory, name));
    expect([mode & 0o777, size]).toEqual([0o600, archive.byteLength]);
    expect((await stat(given.directory)).mode & 0o777).toBe(0o700);
    await spooled[Symbol.asyncDispose]();
    expect(await readdir(given.directory)).toEqual([]);
  });

  test('writes the wanted files, and only those', async () => {
    await using spooled = await SpooledArchive.take(body(archive), await options(), soon());
    const entries = await spooled.entries(listing, soon());
    expect(entries).toEqual([
      { kind: 'file', path: 'a', executable: false, fingerprint: fingerprint('first') },
      { kind: 'file', path: 'b', executable: false, fingerprint: fingerprint('second') },
    ]);
    const sink = new MemorySink();
    await spooled.write(filesOf(entries).slice(1), sink, soon());
    await spooled.write([], sink, soon());
    expect(Object.fromEntries(sink.files)).toEqual({ b: Buffer.from('second') });
  });

  test('is refused when it has another digest than was promised, and leaves nothing', async () => {
    const given = await options({ sha256: 'f'.repeat(64) });
    const failure = await failureOf(SpooledArchive.take(body(archive), given, soon()));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure.message).toContain(`has the SHA-256 ${digest}, where ffff`);
    expect(await readdir(given.directory)).toEqual([]);
  });

  test('is refused when it is too large, while it comes', async () => {
    const given = await options({ maxBytes: 100 });
    let sent = 0;
    async function* endless(): AsyncGenerator<Buffer, void, void> {
      for (; ; sent += 1) yield Buffer.alloc(60);
    }
    const failure = await failureOf(SpooledArchive.take(endless(), given, soon()));
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure.message).toBe(
      'WHERRY_MAX_BYTES: the archive "set.tar.gz" is larger than 100B; put less into it, or raise the limit',
    );
    expect(sent).toBe(1);
    expect(await readdir(given.directory)).toEqual([]);
  });

  test('is refused when it is known to be too large, before it comes', async () => {
    const given = await options({ maxBytes: 100, size: 101 });
    let isAsked = false;
    async function* asked(): AsyncGenerator<Buffer, void, void> {
      isAsked = true;
      yield archive;
    }
    const failure = await failureOf(SpooledArchive.take(asked(), given, soon()));
    expect(failure.message).toMatch(/^WHERRY_MAX_BYTES: the archive "set.tar.gz" is larger than 100B/);
    expect(isAsked).toBe(false);
  });

  test('leaves nothing when its body fails, and passes that on', async () => {
    const given = await options();
    async function* failing(): AsyncGenerator<Buffer, void, void> {
      yield archive;
      throw new UnreachableError({ problem: 'the connection broke' });
    }
    await expect(SpooledArchive.take(failing(), given, soon())).rejects.toThrow('the connection broke');
    expect(await readdir(given.directory)).toEqual([]);
  });

  test('is a failure of the state directory where that cannot be written', async () => {
    const given = await options();
    const root = join(given.directory, '..', '..');
    await writeFile(join(root, 'state'), 'a file');
    const failure = await failureOf(SpooledArchive.take(body(archive), given, soon()));
    expect(failure).toBeInstanceOf(TargetError);
    expect(failure.message).toMatch(/^WHERRY_STATE_DIR: the archive cannot be kept there: ENOTDIR; make the/);
  });

  test('ends with the signal, and can be read afterwards', async () => {
    const given = await options();
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(SpooledArchive.take(body(archive), given, aborted)).rejects.toThrow('enough');
    expect(await readdir(given.directory)).toEqual([]);
    await using spooled = await SpooledArchive.take(body(archive), given, soon());
    await expect(spooled.entries(listing, aborted)).rejects.toThrow('enough');
    const entries = await spooled.entries(listing, soon());
    await expect(spooled.write(filesOf(entries), new MemorySink(), aborted)).rejects.toThrow('enough');
    await spooled.write(filesOf(entries), new MemorySink(), soon());
  });

  test('passes on what its sink throws', async () => {
    await using spooled = await SpooledArchive.take(body(archive), await options(), soon());
    const entries = await spooled.entries(listing, soon());
    const full = new TargetError({ problem: 'no space is left' });
    const sink = { put: () => Promise.reject(full) };
    await expect(spooled.write(filesOf(entries), sink, soon())).rejects.toBe(full);
  });

  test.each([
    ['removed', (path: string) => rm(path)],
    ['cut short', (path: string) => truncate(path, 30)],
    [
      'replaced',
      async (path: string) => writeFile(path, gzipSync(await packTar({ name: 'a', content: 'evil!' }))),
    ],
    ['emptied', async (path: string) => writeFile(path, gzipSync(await packTar()))],
  ])('that was %s on disk is downloaded again, not refused', async (_, damage) => {
    const given = await options();
    await using spooled = await SpooledArchive.take(body(archive), given, soon());
    const entries = await spooled.entries(listing, soon());
    const [name = ''] = await readdir(given.directory);
    await damage(join(given.directory, name));
    const failure = await failureOf(spooled.write(filesOf(entries), new MemorySink(), soon()));
    expect(failure).toBeInstanceOf(UnreachableError);
    expect(failure.message).toContain('the local copy of the archive "set.tar.gz" was damaged or removed');
  });

  test('streams a large file, checked against its digest', async () => {
    const content = randomBytes(2 ** 20);
    const given = await options({ maxBytes: 2 ** 24 });
    const tar = gzipSync(await packTar({ name: 'large', content }));
    await using spooled = await SpooledArchive.take(body(tar), given, soon());
    const entries = await spooled.entries(listing, soon());
    const sink = new MemorySink();
    await spooled.write(filesOf(entries), sink, soon());
    expect(sink.files.get('large')?.equals(content)).toBe(true);
    const [name = ''] = await readdir(given.directory);
    const other = gzipSync(await packTar({ name: 'large', content: randomBytes(2 ** 20) }));
    await writeFile(join(given.directory, name), other);
    const failure = await failureOf(spooled.write(filesOf(entries), new MemorySink(), soon()));
    expect(failure.message).toContain('has another content in "large" than before');
  });
});

describe.skipIf(!existsSync('/proc/self/fd'))('the file of an archive', () => {
  const openFiles = async (directory: string) => {
    const names = await readdir('/proc/self/fd');
    const targets = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => '')));
    return targets.filter((target) => target.startsWith(directory));
  };
  const large = randomBytes(2 ** 20);
  const entries = [
    { name: 'a', content: 'x' },
    { name: 'large', content: large },
  ];

  const made = [
    ['tar', async () => packTar(...entries)],
    ['tar.gz', async () => gzipSync(await packTar(...entries))],
    ['tar.zst', async () => zstdCompressSync(await packTar(...entries))],
    ['zip', async () => packZip(...entries)],
  ] as const;

  test.each(made)(
    '(%s) is not left open by a reading that is given up as it begins',
    async (format, make) => {
      const given = { ...(await options({ maxBytes: 2 ** 24 })), format };
      await using spooled = await SpooledArchive.take(body(await make()), given, soon());
      await expect(spooled.entries(listing, AbortSignal.abort(new Error('enough')))).rejects.toThrow(
        'enough',
      );
      // What would stay open is open by then.
      await spooled.entries(listing, soon());
      await expect.poll(() => openFiles(given.directory)).toEqual([]);
    },
  );

  test.each(made)('(%s) is closed when its reading ends early', async (format, make) => {
    const given = { ...(await options({ maxBytes: 2 ** 24 })), format };
    await using spooled = await SpooledArchive.take(body(await make()), given, soon());
    const limits = { maxFiles: 1, maxBytes: 2 ** 24 };
    await failureOf(spooled.entries({ ...listing, limits }, soon()));
    const files = filesOf(await spooled.entries(listing, soon()));
    await spooled.write(files.slice(0, 1), new MemorySink(), soon());
    const failing = { put: () => Promise.reject(new Error('the sink failed')) };
    await expect(spooled.write(files.slice(1), failing, soon())).rejects.toThrow('the sink failed');
    await expect.poll(() => openFiles(given.directory), { timeout: 20_000 }).toEqual([]);
  });
});

describe('what a killed run left', () => {
  test('is removed, and nothing else', async () => {
    const given = await options();
    await SpooledArchive.take(body(archive), given, soon());
    await writeFile(join(given.directory, 'seen.json'), '{}');
    await removeSpoolLeftovers(given.directory);
    expect(await readdir(given.directory)).toEqual(['seen.json']);
  });

  test('may not be there, or not be ours to remove', async () => {
    const given = await options();
    await removeSpoolLeftovers(given.directory);
    await SpooledArchive.take(body(archive), given, soon());
    await chmod(given.directory, 0o500);
    await removeSpoolLeftovers(given.directory);
    await chmod(given.directory, 0o700);
  });
});

function fingerprint(content: string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
