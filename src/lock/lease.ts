import { linkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '../failure/failure.ts';
import { type Holder, parseHolder } from './holder.ts';

/*
 * A file of the state directory that says who holds the target, for those who cannot reach its socket: other pods, on
 * this node or another. A holder that is idle writes nothing, so that nobody who watches the volume is woken: it gives
 * a sign of life, a new time on the lease, only when somebody knocks by a new time on the file beside it.
 */

const leaseName = 'lease.json';
const knockName = 'lease.knock';

export interface LeaseSeen {
  /** Undefined when it does not say: it is being written, or damaged. */
  readonly holder: Holder | undefined;
  /** Another one after each sign of life. */
  readonly mark: string;
}

/** Undefined when there is none. */
export async function readLease(stateDir: string): Promise<LeaseSeen | undefined> {
  try {
    // Opened, not only looked at: a network file system then asks its server.
    await using file = await open(join(stateDir, leaseName), 'r');
    const mark = markOf(await file.stat({ bigint: true }));
    return { holder: parseHolder(await file.readFile('utf8')), mark };
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Asks whoever holds the lease for a sign of life. */
export async function knock(stateDir: string): Promise<void> {
  // Written, which a group may that its owner's time would not let set.
  await writeFile(join(stateDir, knockName), '.', { mode: 0o600 });
}

/** Types of file systems that no two machines have mounted at once: ext4, xfs, btrfs, f2fs, zfs, tmpfs, overlay. */
const local = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630]);

/** Whether what was written before the machine was started anew is over. */
export async function isOnOneMachine(stateDir: string): Promise<boolean> {
  const { type } = await statfs(stateDir);
  return local.has(type);
}

/** The lease of this process. */
export class Lease {
  readonly #path: string;
  readonly #knock: string;
  readonly #holder: Holder;
  readonly #text: string;
  #mark: string | undefined;
  #heard: string | undefined;

  constructor(stateDir: string, holder: Holder) {
    this.#path = join(stateDir, leaseName);
    this.#knock = join(stateDir, knockName);
    this.#holder = holder;
    this.#text = `${JSON.stringify(holder)}\n`;
  }

  /** Puts it in the place of the one that was seen, or where none was. False when somebody was quicker. */
  async put(over: LeaseSeen | undefined): Promise<boolean> {
    const temporary = `${this.#path}.${this.#holder.id}.tmp`;
    try {
      // There before anybody knocks: a network file system remembers for a while what is not there.
      writeFileSync(this.#knock, '', { mode: 0o600, flag: 'a' });
      writeFileSync(temporary, this.#text, { mode: 0o600, flag: 'wx' });
      const mark = await this.#rename(temporary, over);
      if (mark === undefined) return false;
      this.#mark = mark;
      this.#heard = await this.#knockMark();
      await this.#sweep();
      return true;
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  /** Whose the lease in the directory is. */
  async look(): Promise<'ours' | 'gone' | LeaseSeen> {
    const found = await markAt(this.#path);
    if (found === undefined) return 'gone';
    if (found === this.#mark) return 'ours';
    const seen = await readLease(dirname(this.#path));
    if (seen === undefined) return 'gone';
    return seen.holder?.id === this.#holder.id ? 'ours' : seen;
  }

  /** Gives a sign of life when somebody knocked since the last. */
  async answer(): Promise<void> {
    const knocked = await this.#knockMark();
    if (knocked === this.#heard) return;
    await using file = await open(this.#path, 'r+');
    if (parseHolder(await file.readFile('utf8'))?.id !== this.#holder.id) return;
    this.#heard = knocked;
    // The same bytes again: to set a time is for the file's owner, which on some volumes is none who runs there.
    await file.write(this.#text, 0);
    this.#mark = markOf(await file.stat({ bigint: true }));
  }

  async release(): Promise<void> {
    if ((await this.look()) === 'ours') await rm(this.#path, { force: true });
  }

  /** The mark of what has the lease's name now, which is another's by the next look perhaps; undefined: not ours. */
  async #rename(temporary: string, over: LeaseSeen | undefined): Promise<string | undefined> {
    try {
      const mark = markOf(statSync(temporary, { bigint: true }));
      if (over === undefined) linkSync(temporary, this.#path);
      else if ((await markAt(this.#path)) === over.mark) renameSync(temporary, this.#path);
      else return undefined;
      return mark;
    } catch (error) {
      // Somebody was quicker, and may have swept this one's file away.
      if (['EEXIST', 'ENOENT'].includes(systemCode(error) ?? '')) return undefined;
      if (over === undefined) return this.#create();
      throw error;
    }
  }

  /** On a file system without hard links it is seen unfinished for a moment, as a damaged one. */
  async #create(): Promise<string | undefined> {
    try {
      await using file = await open(this.#path, 'wx', 0o600);
      await file.write(this.#text);
      return markOf(await file.stat({ bigint: true }));
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return undefined;
      throw error;
    }
  }

  /** What others left who were killed as they put theirs there. */
  async #sweep(): Promise<void> {
    const stateDir = dirname(this.#path);
    for (const name of await readdir(stateDir)) {
      if (name.startsWith(`${leaseName}.`) && name.endsWith('.tmp'))
        rmSync(join(stateDir, name), { force: true });
    }
  }

  #knockMark(): Promise<string | undefined> {
    return markAt(this.#knock);
  }
}

async function markAt(path: string): Promise<string | undefined> {
  try {
    await using file = await open(path, 'r');
    return markOf(await file.stat({ bigint: true }));
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

function markOf({ ino, mtimeNs }: { readonly ino: bigint; readonly mtimeNs: bigint }): string {
  return `${ino} ${mtimeNs}`;
}

function isGone(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '');
}
