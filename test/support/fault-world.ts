import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { packTar } from './archives.ts';
import type { LogLine, Wherry } from './program.ts';
import { s3FaultServer } from './s3-fault-server.ts';
import { s3Settings } from './s3-source.ts';

export const publishModes = ['symlink', 'rename', 'link'] as const;
export type PublishMode = (typeof publishModes)[number];

/** Each release holds its own number in every file; one file more or less each time, and a directory that comes and goes. */
const filesOf = (release: number): readonly string[] => [
  'app.yaml',
  'conf/a',
  'conf/deep/b',
  ...(release % 2 === 0 ? ['even/c', 'even/d'] : ['odd']),
];

/** A source whose releases a test brings out, and what a reader finds of them in the target. */
export async function faultWorld(mode: PublishMode, target: string, more: Record<string, string> = {}) {
  const server = await s3FaultServer();
  const bucket = server.createBucket('conf');
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const place = { endpoint, name: 'conf', accessKeyId, secretAccessKey };
  const settings = {
    ...s3Settings(place, { ARCHIVE: 'conf.tar' }),
    WHERRY_TARGET: target,
    WHERRY_PUBLISH: mode,
    WHERRY_POLL_INTERVAL: '20ms',
    WHERRY_POLL_JITTER: '0',
    WHERRY_RETAIN: mode === 'rename' ? '1m' : '300ms',
    WHERRY_DIR_MODE: '0555',
    ...more,
  };
  let newest = 0;

  const release = async () => {
    newest += 1;
    const entries = filesOf(newest).map((name) => ({ name, content: `release ${newest}\n`.repeat(20) }));
    bucket.put('conf.tar', await packTar(...entries));
    return newest;
  };
  /** The release that a reader has now: undefined before the first. Throws unless it is whole. */
  const read = () => readRelease(mode, target);
  return {
    mode,
    target,
    settings,
    release,
    read,
    readAt: (place: string) => readRelease(mode, place),
    get newest() {
      return newest;
    },
    /** Waits until readers have the newest release. */
    arrives: async (wherry: Wherry, timeout = 30_000) => {
      const now = async () => read().catch((error: unknown) => String(error));
      try {
        await expect.poll(now, { timeout, interval: 25 }).toBe(newest);
      } catch (error) {
        throw new Error(`not release ${newest}:\n${wherry.output.slice(-3000)}`, { cause: error });
      }
    },
  };
}

/** Reads all files as an application does: of `symlink` and `link` the links to a generation are resolved once. */
async function readRelease(mode: PublishMode, target: string): Promise<number | undefined> {
  const link = { symlink: '..data', link: 'current', rename: undefined }[mode];
  const name = link && (await readlink(join(target, link)).catch(() => undefined));
  if (link !== undefined && name === undefined) return undefined;
  const root = name === undefined ? target : join(target, name);
  const first = await readFile(join(root, 'app.yaml'), 'utf8').catch(() => undefined);
  if (first === undefined) {
    if (mode === 'rename' || (await readlink(join(target, link ?? ''))) !== name) return undefined;
    throw new Error(`${root} has no app.yaml`);
  }
  const release = Number(/^release (\d+)\n/.exec(first)?.[1]);
  for (const path of filesOf(release)) {
    const content = await readFile(join(root, path), 'utf8');
    if (content !== `release ${release}\n`.repeat(20)) {
      throw new Error(`${path} of release ${release} is ${JSON.stringify(content.slice(0, 30))}`);
    }
  }
  return release;
}

/**
 * Reads all the time until it is stopped: what was published once stays, newer or older, and is whole. In the rename
 * mode each file is replaced by itself, so that only the end of a publish is one release.
 */
export class Reader {
  readonly #read: () => Promise<number | undefined>;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  readonly broken: string[] = [];
  whole = 0;
  #last = 0;

  constructor(mode: PublishMode, target: string) {
    this.#read = mode === 'rename' ? () => readOneFile(target) : () => readRelease(mode, target);
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        const release = await this.#read();
        if (release !== undefined) {
          this.whole += 1;
          if (release < this.#last) this.broken.push(`release ${release} after ${this.#last}`);
          this.#last = release;
        } else if (this.#last > 0) this.broken.push(`nothing after release ${this.#last}`);
      } catch (error) {
        this.broken.push(String(error));
      }
      await sleep(10);
    }
  }
}

async function readOneFile(target: string): Promise<number | undefined> {
  const text = await readFile(join(target, 'app.yaml'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const release = Number(/^release (\d+)\n/.exec(text)?.[1]);
  if (text !== `release ${release}\n`.repeat(20)) throw new Error(`app.yaml is ${JSON.stringify(text)}`);
  return release;
}

/** Lines that tell of a failure name a setting and a cure, or are a warning that says what happens next. */
const known = [
  /^WHERRY_\w+: .+; .+/,
  /an old generation could not be removed; it is tried again/,
  /would not be noticed/,
  /links in the target were put right/,
  /put back/,
  /clock is .* (behind|ahead)/,
  /the published files cannot be watched/,
  /requests cannot be (watched|looked) for/,
];

export function troubleOf(wherry: Wherry): readonly LogLine[] {
  return wherry.log.filter(({ level }) => level === 'warn' || level === 'error');
}

export function expectKnown(lines: readonly LogLine[]): void {
  expect(lines.filter(({ message }) => !known.some((pattern) => pattern.test(message)))).toEqual([]);
}

export interface Outcomes {
  injected: number;
  /** Noticed by nobody: it was tried again at once, or did not matter. */
  withoutEffect: number;
  /** Reported, and made good without help. */
  recovered: number;
  killed: number;
  lost: number;
}

/** Gives each reported failure to the last fault before it. */
export function outcomesOf(faults: readonly number[], reports: readonly number[]): Outcomes {
  let withEffect = 0;
  const open = [...faults].sort((a, b) => a - b);
  for (const time of [...reports].sort((a, b) => a - b)) {
    let at = -1;
    while (at + 1 < open.length && (open[at + 1] ?? 0) <= time + 5) at += 1;
    if (at === -1) continue;
    withEffect += 1;
    open.splice(0, at + 1);
  }
  return {
    injected: faults.length,
    withoutEffect: faults.length - withEffect,
    recovered: withEffect,
    killed: 0,
    lost: 0,
  };
}

export function tell(title: string, { injected, withoutEffect, recovered, killed, lost }: Outcomes): void {
  console.log(
    `${title}: ${injected} faults: ${withoutEffect} no effect, ${recovered} failed and recovered, ${killed} killed and recovered, ${lost} lost`,
  );
}
