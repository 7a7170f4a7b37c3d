import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { access, chown, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Request, Wish } from '../engine/machine/request.ts';
import type { RequestBox } from '../engine/request-box.ts';
import { systemCode } from '../failure/failure.ts';
import { writeAtomically } from '../platform/atomic-write.ts';
import { ensureDirectory } from '../platform/directory.ts';
import type { Log } from '../platform/log.ts';
import { requestsIn } from './places.ts';
import { parseRequest } from './wish.ts';

/** A file that is still being written after this time is what a killed writer left. Milliseconds. */
const writing = 60_000;

/** Requests as files of the state directory, each written as a whole, so that they survive every restart. */
export class FileRequestBox implements RequestBox {
  readonly #stateDir: string;
  readonly #directory: string;
  readonly #log: Log;
  /** The file of each request that was left or taken here, by the request's id. */
  readonly #files = new Map<string, string>();
  /** What was carried out, or complained of, and cannot be removed. */
  readonly #spent = new Set<string>();
  #latest = 0;
  #isBlind = false;

  constructor(stateDir: string, log: Log) {
    this.#stateDir = stateDir;
    this.#directory = requestsIn(stateDir);
    this.#log = log;
  }

  /** Writes a request down. It is on disk when this resolves. */
  async leave(wish: Wish): Promise<Request> {
    const request = { ...wish, id: randomUUID() };
    await ensureDirectory(this.#directory, 0o700);
    await this.#handOver();
    // Two of the same millisecond keep their order.
    this.#latest = Math.max(Date.now(), this.#latest + 1);
    const time = new Date(this.#latest).toISOString().replaceAll(':', '-');
    const path = join(this.#directory, `${time}-${request.id}.json`);
    this.#files.set(request.id, path);
    // Private by its directory: the sidecar may be another user than who writes here.
    await writeAtomically(path, `${JSON.stringify(request)}\n`, 0o644);
    return request;
  }

  async take(): Promise<readonly Request[]> {
    const requests: Request[] = [];
    for (const name of await this.#names()) {
      const request = await this.#read(join(this.#directory, name));
      if (request !== undefined) requests.push(request);
    }
    return requests;
  }

  async done({ id }: Request): Promise<void> {
    const path = this.#files.get(id);
    this.#files.delete(id);
    if (path !== undefined) await this.#remove(path);
  }

  /** The file of a request that was left or taken here. */
  pathOf({ id }: Request): string | undefined {
    return this.#files.get(id);
  }

  /** False once a sidecar has carried it out. */
  async holds(request: Request): Promise<boolean> {
    return access(this.pathOf(request) ?? '').then(
      () => true,
      () => false,
    );
  }

  /** The oldest first. It never rejects: whatever is wrong here, the sidecar goes on. */
  async #names(): Promise<readonly string[]> {
    try {
      // At each idle poll; an error for a directory that is not there would cost more than all the rest.
      if (statSync(this.#directory, { throwIfNoEntry: false }) === undefined) return [];
      const names = await readdir(this.#directory);
      this.#isBlind = false;
      return names.sort();
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' && !this.#isBlind) {
        this.#isBlind = true;
        this.#log.warn({ err: error }, 'requests cannot be looked for');
      }
      return [];
    }
  }

  async #read(path: string): Promise<Request | undefined> {
    if (this.#spent.has(path)) return undefined;
    try {
      const { isFile, age } = await lookAt(path);
      if (isFile && path.endsWith('.tmp') && age < writing) return undefined;
      const request =
        isFile && path.endsWith('.json') ? parseRequest(await readFile(path, 'utf8')) : undefined;
      if (request === undefined) return await this.#refuse(path, 'it is no request that this version knows');
      this.#files.set(request.id, path);
      return request;
    } catch (error) {
      // Its writer, or somebody else, removed it meanwhile.
      if (systemCode(error) === 'ENOENT') return undefined;
      return this.#refuse(path, error instanceof Error ? error.message : String(error));
    }
  }

  async #refuse(path: string, reason: string): Promise<undefined> {
    this.#log.warn({ path, reason }, 'a request cannot be read; it is removed');
    await this.#remove(path);
  }

  async #remove(path: string): Promise<void> {
    try {
      await rm(path, { force: true });
    } catch (error) {
      this.#spent.add(path);
      this.#log.warn(
        { path, err: error },
        'a request that is over cannot be removed; it is not looked at again',
      );
    }
  }

  /** What root leaves belongs to whom the state belongs to, else the sidecar could not read it. */
  async #handOver(): Promise<void> {
    if (process.getuid?.() !== 0) return;
    const { uid, gid } = await stat(this.#stateDir);
    if (uid !== 0) await chown(this.#directory, uid, gid);
  }
}

async function lookAt(path: string): Promise<{ readonly isFile: boolean; readonly age: number }> {
  const found = await stat(path);
  return { isFile: found.isFile(), age: Date.now() - found.mtimeMs };
}
