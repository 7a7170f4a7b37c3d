import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnsettledError } from '../../src/failure/failure.ts';
import { formatRelease } from '../../src/sources/s3/pointer/document.ts';
import type { Source } from '../../src/sources/source.ts';
import { packTar } from './archives.ts';
import { type BucketOptions, bucket } from './ceph.ts';
import { s3Source } from './s3-source.ts';
import type { S3Writer } from './s3-writer.ts';
import { type Taken, take } from './taking.ts';

const names = Array.from({ length: 40 }, (_, index) => `conf-${String(index).padStart(2, '0')}`);

/** How one kind of writer brings a release out, and how it is read. */
export interface Experiment {
  readonly settings: Readonly<Record<string, string>>;
  readonly bucket?: BucketOptions;
  /** `half` resolves after the pause that the writer makes half way. */
  readonly release: (writer: S3Writer, number: number, half: () => Promise<void>) => Promise<void>;
}

export interface Outcome {
  trials: number;
  /** All files of one release. */
  whole: number;
  /** Files of two releases, or not all of them. */
  torn: number;
  /** Nothing was taken: the source saw that it could not be sure. */
  refused: number;
}

const textOf = (release: number) => `release ${release}\n`;

async function putFiles(
  writer: S3Writer,
  prefix: string,
  release: number,
  half: () => Promise<void>,
): Promise<void> {
  for (const [index, name] of names.entries()) {
    if (index === names.length / 2) await half();
    await writer.put(`${prefix}${name}`, textOf(release));
  }
}

/** Each layout, with a writer that does as the documents say. */
export const experiments = {
  object: {
    settings: { OBJECT: 'conf' },
    release: (writer, number) => put(writer, 'conf', textOf(number).repeat(names.length)),
  },
  archive: {
    settings: { ARCHIVE: 'conf.tar' },
    release: async (writer, number) => {
      const tar = await packTar(...names.map((name) => ({ name, content: textOf(number) })));
      await writer.put('conf.tar', tar);
    },
  },
  pointer: {
    settings: { POINTER: 'current.json' },
    release: async (writer, number, half) => {
      await putFiles(writer, `releases/${number}/`, number, half);
      await writer.put('current.json', pointerTo(number));
    },
  },
  'pointer in plain text': {
    settings: { POINTER: 'current' },
    release: async (writer, number, half) => {
      await putFiles(writer, `releases/${number}/`, number, half);
      await writer.put('current', `releases/${number}/\n`);
    },
  },
  marker: {
    settings: { PREFIX: 'conf/', MARKER: 'conf/.done' },
    release: withMarker,
  },
  'marker and versions': {
    settings: { PREFIX: 'conf/', MARKER: 'conf/.done' },
    bucket: { versioning: true },
    release: withMarker,
  },
} as const satisfies Readonly<Record<string, Experiment>>;

/** Waits for a quiet time that is shorter than the writer's pause: nothing is promised. */
export const settling: Experiment = {
  settings: { PREFIX: 'conf/', SETTLE: '100ms' },
  release: (writer, number, half) => putFiles(writer, 'conf/', number, half),
};

async function withMarker(writer: S3Writer, number: number, half: () => Promise<void>): Promise<void> {
  await putFiles(writer, 'conf/', number, half);
  await writer.put('conf/.done', textOf(number));
}

async function put(writer: S3Writer, key: string, text: string): Promise<void> {
  await writer.put(key, text);
}

function pointerTo(number: number): string {
  const content = textOf(number);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const size = Buffer.byteLength(content);
  const files = names.map((path) => {
    const key = `releases/${number}/${path}`;
    return { kind: 'file', path, key, sha256, size, executable: false } as const;
  });
  return formatRelease({
    rev: String(number),
    createdAt: '2026-11-22T10:00:00Z',
    message: undefined,
    previous: undefined,
    releases: undefined,
    content: { kind: 'files', files },
  });
}

/** Reads so often while the writer brings out one release after the other. */
export async function experience(experiment: Experiment, trials: number, readers = 5): Promise<Outcome> {
  const { writer, ...place } = await bucket(experiment.bucket);
  await experiment.release(writer, 1, async () => undefined);
  const outcome: Outcome = { trials: 0, whole: 0, torn: 0, refused: 0 };
  const end = new AbortController();
  const writing = releaseAgainAndAgain(experiment, writer, end.signal);
  const read = async () => {
    await using test = await s3Source(place, { settings: experiment.settings });
    for (let trial = 0; trial < trials / readers; trial += 1) {
      await sleep(Math.random() * 300);
      outcome.trials += 1;
      outcome[await attempt(() => look(test.source, AbortSignal.timeout(8000)))] += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: readers }, read));
  } finally {
    end.abort();
    await writing;
  }
  return outcome;
}

async function releaseAgainAndAgain({ release }: Experiment, writer: S3Writer, signal: AbortSignal) {
  for (let number = 2; !signal.aborted; number += 1) {
    await release(writer, number, () => sleep(200 + Math.random() * 300));
    await sleep(Math.random() * 1000);
  }
}

/** As the engine does it. */
async function look(source: Source, signal: AbortSignal): Promise<Taken> {
  await source.probe(undefined, signal);
  return take(source, signal);
}

async function attempt(read: () => Promise<Taken>): Promise<'whole' | 'torn' | 'refused'> {
  try {
    const { texts } = await read();
    const contents = Object.values(texts);
    const releases = new Set(contents.flatMap((text) => text.match(/\d+/g) ?? []));
    const lines = contents.join('').split('\n').length - 1;
    return releases.size === 1 && lines === names.length ? 'whole' : 'torn';
  } catch (error) {
    if (error instanceof UnsettledError || isTimeout(error)) return 'refused';
    throw error;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}
