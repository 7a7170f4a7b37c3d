import { readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { CloneSlot } from '../../../src/sources/git/clone-slot.ts';
import { failureOf, soon } from '../../support/calls.ts';
import { GitHttpServer } from '../../support/git-http-server.ts';
import { GitRepository } from '../../support/git-repository.ts';
import { gitSource } from '../../support/git-source.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { take } from '../../support/taking.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

async function served() {
  const repository = await GitRepository.create();
  const commit = await repository.commit({ 'a.txt': 'one' });
  const server = await GitHttpServer.start({ root: dirname(repository.path) });
  return { repository, commit, server, address: `${server.url}/repo.git` };
}

/** The clones below a state directory, whole ones and half-made ones. */
async function clonesIn(stateDir: string): Promise<string[]> {
  const names = await readdir(join(stateDir, 'git')).catch(() => []);
  return names.filter((name) => name.includes('repo-'));
}

const isHalfMade = (name: string) => name.startsWith('.new-');

describe('a first snapshot that was begun', () => {
  test('is the one that is taken, and nothing is fetched twice', async () => {
    const { commit, server, address } = await served();
    await using made = await gitSource(address);
    await made.source.begin();
    const { revision } = (await take(made.source)).snapshot;
    expect(revision).toBe(commit);
    const fetches = server.requests.filter(({ method }) => method === 'POST');
    expect(fetches).toHaveLength(2);
    expect(await clonesIn(made.stateDir)).toEqual([expect.stringMatching(/^repo-/)]);
  });

  test('touches no place but its own before it is taken', async () => {
    const { server, address } = await served();
    await using made = await gitSource(address);
    await made.source.begin();
    await expect.poll(() => server.requests.length).toBe(3);
    expect((await clonesIn(made.stateDir)).every(isHalfMade)).toBe(true);
    await take(made.source);
  });

  test('gives way to the clone that another process made and cleared up around since', async () => {
    const { commit, server, address } = await served();
    await using other = await gitSource(address);
    await using made = await gitSource(address, { stateDir: other.stateDir });
    await Promise.all([other.source.begin(), made.source.begin()]);
    await expect.poll(() => server.requests.length).toBe(6);
    await take(other.source);
    const { snapshot, texts } = await take(made.source);
    expect(snapshot.revision).toBe(commit);
    expect(texts).toEqual({ 'a.txt': 'one' });
    expect(await clonesIn(made.stateDir)).toEqual([expect.stringMatching(/^repo-/)]);
  });

  test('is made anew when another process cleared it away before it could be put in its place', async () => {
    const root = await temporaryDirectory();
    const slot = new CloneSlot(join(root, 'repo-1'), 'sha1', new RecordingLog());
    const place = Promise.withResolvers<void>();
    const made: string[] = [];
    const taken = slot.useFirst(async ({ directory }) => made.push(directory), place.promise);
    await expect.poll(() => made).toHaveLength(1);
    await rm(made[0] ?? '', { recursive: true });
    place.resolve();
    expect(await taken).toBe(2);
    expect(await readdir(root)).toEqual(['repo-1']);
  });

  test('and is not needed leaves nothing behind', async () => {
    const { address } = await served();
    const made = await gitSource(address);
    await made.source.begin();
    expect(await clonesIn(made.stateDir)).toHaveLength(1);
    await made[Symbol.asyncDispose]();
    expect(await clonesIn(made.stateDir)).toEqual([]);
  });

  test('too long ago is fetched anew: it may be overtaken', async () => {
    const { repository, server, address } = await served();
    await using made = await gitSource(address);
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    await made.source.begin();
    await expect.poll(() => server.requests.length).toBe(3);
    const newer = await repository.commit({ 'a.txt': 'two' });
    vi.advanceTimersByTime(6000);
    const { revision } = (await take(made.source)).snapshot;
    expect(revision).toBe(newer);
    expect(await clonesIn(made.stateDir)).toEqual([expect.stringMatching(/^repo-/)]);
  });

  test('and fails fails where it is asked for, and is tried again after that', async () => {
    const { commit, server, address } = await served();
    server.fault = () => ({ status: 503 });
    await using made = await gitSource(address);
    await made.source.begin();
    expect(await failureOf(made.source.snapshot(soon()))).toMatchObject({ kind: 'unreachable' });
    server.fault = () => undefined;
    expect((await take(made.source)).snapshot.revision).toBe(commit);
  });

  test('ends with the attempt that took it over', async () => {
    const { server, address } = await served();
    server.fault = () => 'stall';
    await using made = await gitSource(address);
    await made.source.begin();
    const abort = new AbortController();
    const taken = made.source.snapshot(abort.signal);
    await expect.poll(() => server.requests.length).toBeGreaterThan(0);
    abort.abort(new Error('enough'));
    await expect(taken).rejects.toThrow('enough');
    expect(await clonesIn(made.stateDir)).toEqual([]);
  });

  test('is given up by an attempt that is over already', async () => {
    const { server, address } = await served();
    server.fault = () => 'stall';
    await using made = await gitSource(address);
    await made.source.begin();
    await expect(made.source.snapshot(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(await clonesIn(made.stateDir)).toEqual([]);
  });

  test('does nothing where there is a clone', async () => {
    const { repository, server, address } = await served();
    const first = await gitSource(address);
    await take(first.source);
    await first[Symbol.asyncDispose]();
    const before = server.requests.length;
    const commit = await repository.commit({ 'a.txt': 'two' });
    await using made = await gitSource(address, { stateDir: first.stateDir });
    await made.source.begin();
    expect(server.requests).toHaveLength(before);
    const { snapshot, texts } = await take(made.source);
    expect(snapshot.revision).toBe(commit);
    expect(texts).toEqual({ 'a.txt': 'two' });
  });
});
