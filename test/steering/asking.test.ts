import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type AdminServer, startAdmin } from '../../src/admin/server.ts';
import type { StatusDocument } from '../../src/admin/status.ts';
import type { Request, RequestOutcome, Wish } from '../../src/engine/machine/request.ts';
import { emptyState } from '../../src/engine/machine/state.ts';
import { StateStore } from '../../src/engine/state-store.ts';
import { DeniedError, SettingsError, TargetError, UnreachableError } from '../../src/failure/failure.ts';
import type { Revision } from '../../src/snapshot/entry.ts';
import { askOverApi } from '../../src/steering/over-api.ts';
import { askOverFiles } from '../../src/steering/over-files.ts';
import { FileRequestBox } from '../../src/steering/request-box.ts';
import { full } from '../admin/documents.ts';
import { granted, recordingLog, viewOf } from '../admin/views.ts';
import { freePort, ReloadApp } from '../support/reload-app.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const at = '2026-01-01T00:00:00.000Z';
/** Milliseconds: long where something comes, short where nothing does. */
const patient = { taken: 20_000, over: 20_000, interval: 5 };
const impatient = { taken: 60, over: 60, interval: 5 };
const pin: Wish = { action: 'pin', revision: 'feature/x' as Revision };

function outcomeOf({ id, action }: Request, more: Partial<RequestOutcome> = {}): RequestOutcome {
  return { id, action, result: 'done', detail: `${action} it is`, at, ...more };
}

describe('through the state directory', () => {
  const { log } = recordingLog();

  async function bench() {
    const stateDir = join(await temporaryDirectory(), 'state');
    await mkdir(stateDir);
    const store = new StateStore(stateDir, log);
    const box = new FileRequestBox(stateDir, log);
    const tell = (lastRequest: RequestOutcome) => store.save({ ...emptyState, lastRequest });
    /** What the next request becomes: its outcomes in turn, as a sidecar writes them down. */
    const carryOut = async (...outcomes: readonly Partial<RequestOutcome>[]) => {
      const [request] = await vi.waitUntil(async () => {
        const found = await box.take();
        return found.length > 0 && found;
      }, patient.taken);
      if (request === undefined) throw new Error('no request');
      for (const outcome of outcomes) await tell(outcomeOf(request, outcome));
      await box.done(request);
      return request;
    };
    return { stateDir, box, tell, carryOut };
  }

  test('a wish is carried out by the sidecar that finds it', async () => {
    const { stateDir, carryOut } = await bench();
    const asked = askOverFiles(stateDir, pin, log, patient);
    const request = await carryOut({});
    expect(request).toEqual({ ...pin, id: request.id });
    expect(await asked).toEqual(outcomeOf(request));
  });

  test('what is under way is waited for', async () => {
    const { stateDir, tell, carryOut } = await bench();
    const asked = askOverFiles(stateDir, { action: 'rollback' }, log, patient);
    const request = await carryOut({ result: 'under-way' });
    await tell(outcomeOf(request, { result: 'refused', detail: 'it is gone' }));
    expect(await asked).toMatchObject({ result: 'refused', detail: 'it is gone' });
  });

  test('what stays under way is told after a while', async () => {
    const { stateDir, carryOut } = await bench();
    const asked = askOverFiles(stateDir, { action: 'rollback' }, log, { ...impatient, taken: 20_000 });
    const refused = expect(asked).rejects.toThrow(
      'rollback: going back, and it is not over after 60ms; it goes on by itself; `wherry status` tells how far it is',
    );
    await carryOut({ result: 'under-way', detail: 'going back' });
    await refused;
  });

  test('a request that nobody takes stays written down, and its withdrawal is told', async () => {
    const { stateDir, box } = await bench();
    const asked = askOverFiles(stateDir, { action: 'hold' }, log, impatient);
    const failure: unknown = await asked.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UnreachableError);
    const [name = ''] = await readdir(join(stateDir, 'requests'));
    expect(failure).toMatchObject({
      exitCode: 5,
      message: `hold: no sidecar took the request within 60ms; it is written down (${join(stateDir, 'requests', name)}), and a sidecar carries it out at its next look, or when it starts; to withdraw it, remove that file, or say \`wherry resume\` after it`,
    });
    expect(await box.take()).toMatchObject([{ action: 'hold' }]);
  });

  test.each(['taken', 'under-way'] as const)('one that is %s and overtaken says so', async (when) => {
    const { stateDir, tell, carryOut } = await bench();
    const asked = askOverFiles(stateDir, { action: 'rollback' }, log, patient);
    const refused = expect(asked).rejects.toThrow(
      'rollback: it was taken, and hold came right after it (hold it is); `wherry status` tells what is in force now',
    );
    const other = outcomeOf({ id: 'other', action: 'hold' });
    if (when === 'taken') await carryOut(other);
    else await carryOut({ result: 'under-way' }).then(() => tell(other));
    await refused;
  });

  test('where nothing can be written is a failure of the target', async () => {
    const file = join(await temporaryDirectory(), 'state');
    await writeFile(file, '');
    const asked = askOverFiles(file, { action: 'hold' }, log, impatient);
    await expect(asked).rejects.toThrow(TargetError);
  });
});

describe('at the address of the administration', () => {
  async function startServer(
    onWish: (wish: Wish) => Promise<RequestOutcome>,
    status: () => StatusDocument = () => full,
  ) {
    const { log } = recordingLog();
    const options = { token: () => 't0ken', view: viewOf({ status }), onSync: () => undefined, onWish, log };
    const server = await startAdmin({ address: { host: '127.0.0.1', port: 0 }, ...options });
    if (server === undefined) throw new Error('not started');
    onTestFinished(() => server[Symbol.asyncDispose]());
    return server;
  }

  const ask = ({ port }: Pick<AdminServer, 'port'>, wish: Wish, token = 't0ken', patience = patient) =>
    askOverApi({ host: undefined, port }, token, wish, patience);

  test.each<Wish>([{ action: 'hold' }, pin, { action: 'resume' }])(
    'a wish is carried out: %j',
    async (wish) => {
      const onWish = vi.fn(granted);
      const server = await startServer(onWish);
      expect(await ask(server, wish)).toEqual(await granted(wish));
      expect(onWish.mock.calls).toEqual([[wish]]);
    },
  );

  test('what is under way is followed in the status', async () => {
    const begun = outcomeOf({ id: 'x', action: 'rollback' }, { result: 'under-way' });
    let looks = 0;
    const status = (): StatusDocument => {
      looks += 1;
      return { ...full, lastRequest: looks < 3 ? begun : { ...begun, result: 'done', detail: 'back' } };
    };
    const server = await startServer(async () => begun, status);
    expect(await ask(server, { action: 'rollback' })).toEqual({ ...begun, result: 'done', detail: 'back' });
  });

  test('what is refused is an outcome', async () => {
    const server = await startServer(async () =>
      outcomeOf({ id: 'x', action: 'rollback' }, { result: 'refused' }),
    );
    expect(await ask(server, { action: 'rollback' })).toMatchObject({ result: 'refused' });
  });

  test('where nobody listens there is none', async () => {
    expect(await ask({ port: await freePort() }, { action: 'hold' })).toBeUndefined();
    const nowhere = { host: 'no-such-host.invalid', port: 1 };
    expect(await askOverApi(nowhere, 't0ken', { action: 'hold' }, patient)).toBeUndefined();
  });

  test('another token is denied, and not told', async () => {
    const server = await startServer(granted);
    const failure: unknown = await ask(server, { action: 'hold' }, 's3cret').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DeniedError);
    expect(failure).toMatchObject({ message: expect.stringMatching(/^WHERRY_ADMIN_TOKEN: hold: /) });
    expect(String(failure)).not.toContain('s3cret');
  });

  test('what the sidecar cannot do yet says why', async () => {
    const server = await startServer(() => Promise.reject(new TargetError({ problem: 'it is read-only' })));
    await expect(ask(server, { action: 'hold' })).rejects.toThrow(
      new UnreachableError({ problem: 'hold: it is read-only' }),
    );
  });

  test('a revision that the sidecar does not know is a wrong argument', async () => {
    const server = await startServer(() => Promise.reject(new SettingsError({ problem: 'pin: unknown' })));
    await expect(ask(server, pin)).rejects.toThrow(new SettingsError({ problem: 'pin: unknown' }));
  });

  test.each([
    [{ status: 403 }, 'the sidecar has none'],
    [{ status: 404 }, 'answered 404; does something else listen there?'],
    [{ status: 200, body: 'hello' }, 'answered 200; does something else listen there?'],
    [{ fault: 'reset' }, 'it may have been carried out all the same'],
    [{ fault: 'cut' }, 'it may have been carried out all the same'],
  ] as const)('an answer such as %j is a failure', async (script, message) => {
    await using app = await ReloadApp.start();
    app.usually(script);
    await expect(ask(app, { action: 'hold' })).rejects.toThrow(message);
  });

  test('an answer that does not come is not waited for for ever', async () => {
    await using app = await ReloadApp.start();
    app.usually({ fault: 'hang' });
    await expect(ask(app, { action: 'hold' }, 't0ken', { ...impatient, taken: 200 })).rejects.toThrow(
      'nothing within 200 ms',
    );
  });
});
