import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startAdmin } from '../../src/admin/server.ts';
import { type SteerOptions, steer } from '../../src/commands/steer.ts';
import type { Request, RequestOutcome, Wish } from '../../src/engine/machine/request.ts';
import { emptyState, type State } from '../../src/engine/machine/state.ts';
import { StateStore } from '../../src/engine/state-store.ts';
import { RefusedError, SettingsError, UnreachableError } from '../../src/failure/failure.ts';
import { loadSettings } from '../../src/settings/settings.ts';
import type { Revision } from '../../src/snapshot/entry.ts';
import { FileRequestBox } from '../../src/steering/request-box.ts';
import { granted, recordingLog, viewOf } from '../admin/views.ts';
import { freePort } from '../support/http-client.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const { log } = recordingLog();
const commit = `abc1234${'0'.repeat(33)}`;
const known: State = { ...emptyState, previous: commit as Revision };

async function bench(state: State | undefined = known) {
  const target = await temporaryDirectory();
  const stateDir = join(target, '..wherry');
  await mkdir(stateDir);
  const store = new StateStore(stateDir, log);
  if (state !== undefined) await store.save(state);
  const box = new FileRequestBox(stateDir, log);
  /** Answers the first request that is left, as a sidecar does. */
  const sidecar = async (answer: (request: Request) => Promise<RequestOutcome>) => {
    const request = await vi.waitUntil(async () => (await box.take())[0], 20_000);
    await store.save({ ...known, lastRequest: { ...(await answer(request)), id: request.id } });
    await box.done(request);
    return request;
  };
  return { target, box, sidecar };
}

/** Runs the command as the command line does, with these settings and nothing else. */
async function call(
  action: Wish['action'],
  env: Readonly<Record<string, string>>,
  { word, asJson = false }: Partial<SteerOptions> = {},
  taken = 20_000,
) {
  let printed = '';
  const out = new Writable({
    write(chunk, _encoding, next) {
      printed += String(chunk);
      next();
    },
  });
  const loaded = loadSettings({ env: { ...env }, flags: new Map(), complete: false });
  const patience = { taken, over: 20_000, interval: 5 };
  const code = await steer(loaded, { action, word, asJson }, out, patience).catch((error: unknown) => error);
  return { code, printed };
}

async function listening(onWish: (wish: Wish) => Promise<RequestOutcome>) {
  const options = { token: () => 't0ken', view: viewOf(), onSync: () => undefined, onWish, log };
  const server = await startAdmin({ address: { host: '127.0.0.1', port: 0 }, ...options });
  if (server === undefined) throw new Error('not started');
  onTestFinished(() => server[Symbol.asyncDispose]());
  return { WHERRY_ADMIN_ADDRESS: `:${server.port}`, WHERRY_ADMIN_TOKEN: 't0ken' };
}

test('what happened is one line', async () => {
  const { target, sidecar } = await bench();
  const [result] = await Promise.all([call('hold', { WHERRY_TARGET: target }), sidecar(granted)]);
  expect(result).toEqual({ code: 0, printed: 'hold it is\n' });
});

test('what happened is JSON when asked for', async () => {
  const { target, sidecar } = await bench();
  const asked = call('resume', { WHERRY_TARGET: target }, { asJson: true });
  const [{ code, printed }, request] = await Promise.all([asked, sidecar(granted)]);
  expect(code).toBe(0);
  expect(JSON.parse(printed)).toEqual({ ...(await granted(request)), id: request.id });
});

test('a refusal is exit code 6 with the reason', async () => {
  const { target, sidecar } = await bench();
  const refuse = async (request: Request): Promise<RequestOutcome> => ({
    ...(await granted(request)),
    result: 'refused',
    detail: 'nothing is published yet',
  });
  const [result] = await Promise.all([call('rollback', { WHERRY_TARGET: target }), sidecar(refuse)]);
  expect(result.code).toEqual(new RefusedError({ problem: 'rollback: nothing is published yet' }));
  expect(result.printed).toBe('');
});

test('a short revision is completed from the state file', async () => {
  const { target, sidecar } = await bench();
  const asked = call('pin', { WHERRY_TARGET: target }, { word: 'abc1234' });
  const [, request] = await Promise.all([asked, sidecar(granted)]);
  expect(request).toMatchObject({ action: 'pin', revision: commit });
});

test.each([undefined, 'a b', 'abcdef0'])('pin to %j leaves no request', async (word) => {
  const { target, box } = await bench();
  const { code } = await call('pin', { WHERRY_TARGET: target }, word === undefined ? {} : { word });
  expect(code).toBeInstanceOf(SettingsError);
  expect(await box.take()).toEqual([]);
});

test('without a state directory it is another target', async () => {
  const target = await temporaryDirectory();
  const { code } = await call('hold', { WHERRY_TARGET: target });
  expect(code).toBeInstanceOf(SettingsError);
  expect(code).toMatchObject({ message: expect.stringContaining('WHERRY_TARGET') });
});

test('a state directory of its own is used, also before anything was published', async () => {
  const { target, sidecar } = await bench(undefined);
  const settings = { WHERRY_TARGET: '/nowhere', WHERRY_STATE_DIR: join(target, '..wherry') };
  const [{ code }] = await Promise.all([call('hold', settings), sidecar(granted)]);
  expect(code).toBe(0);
});

test('with a token the sidecar is asked at its address, and no file is left', async () => {
  const { target, box } = await bench();
  const onWish = vi.fn(granted);
  const settings = await listening(onWish);
  expect(await call('rollback', { ...settings, WHERRY_TARGET: target })).toMatchObject({ code: 0 });
  expect(onWish.mock.calls).toEqual([[{ action: 'rollback' }]]);
  expect(await box.take()).toEqual([]);
});

test('where nobody listens the request goes through the state directory', async () => {
  const { target, sidecar } = await bench();
  const settings = {
    WHERRY_ADMIN_ADDRESS: `127.0.0.1:${await freePort()}`,
    WHERRY_ADMIN_TOKEN: 't0ken',
    WHERRY_TARGET: target,
  };
  const [{ code }] = await Promise.all([call('hold', settings), sidecar(granted)]);
  expect(code).toBe(0);
});

test('a token without an address goes through the state directory', async () => {
  const { target, sidecar } = await bench();
  const settings = { WHERRY_ADMIN_ADDRESS: 'off', WHERRY_ADMIN_TOKEN: 't0ken', WHERRY_TARGET: target };
  const [{ code }] = await Promise.all([call('hold', settings), sidecar(granted)]);
  expect(code).toBe(0);
});

test('a sidecar that is not there is exit code 5, and the request waits for it', async () => {
  const { target, box } = await bench();
  const { code } = await call('hold', { WHERRY_TARGET: target }, {}, 30);
  expect(code).toBeInstanceOf(UnreachableError);
  expect(await box.take()).toMatchObject([{ action: 'hold' }]);
});
