import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { Failure } from '../../../src/failure/failure.ts';
import { Lanes } from '../../../src/platform/lanes.ts';
import { formatRelease } from '../../../src/sources/s3/pointer/document.ts';
import type { Source } from '../../../src/sources/source.ts';
import { packTar } from '../../support/archives.ts';
import { soon } from '../../support/calls.ts';
import { faults, type S3Server, type SeenRequest, s3FaultServer } from '../../support/s3-fault-server.ts';
import type { FakeBucket } from '../../support/s3-server/bucket.ts';
import type { Fault } from '../../support/s3-server/faults.ts';
import { s3Source } from '../../support/s3-source.ts';
import { take } from '../../support/taking.ts';

const texts: Readonly<Record<string, string>> = {
  'a.conf': 'a\n',
  'b c+d': 'b\n',
  'e%41': 'e\n',
  'sub/f': 'f\n',
  ü: 'u\n',
};

interface Case {
  readonly settings: Readonly<Record<string, string>>;
  readonly versioning?: boolean;
  readonly fill: (bucket: FakeBucket) => void | Promise<void>;
  readonly texts?: Readonly<Record<string, string>>;
}

const layouts: Readonly<Record<string, Case>> = {
  object: {
    settings: { OBJECT: 'conf/a.conf' },
    fill: putFiles,
    texts: { 'a.conf': 'a\n' },
  },
  archive: {
    settings: { ARCHIVE: 'conf.tar' },
    fill: async (bucket) => {
      const entries = Object.entries(texts).map(([name, content]) => ({ name, content }));
      bucket.put('conf.tar', await packTar(...entries));
    },
  },
  pointer: {
    settings: { POINTER: 'current.json' },
    fill: (bucket) => {
      putFiles(bucket);
      bucket.put('current.json', pointer());
    },
  },
  'pointer in plain text': {
    settings: { POINTER: 'current' },
    fill: (bucket) => {
      putFiles(bucket);
      bucket.put('current', 'conf/\n');
    },
  },
  prefix: { settings: { PREFIX: 'conf/', SETTLE: '1ms' }, fill: putFiles },
  marker: { settings: { PREFIX: 'conf/', MARKER: 'conf/.done' }, fill: putMarked },
  'marker and versions': {
    settings: { PREFIX: 'conf/', MARKER: 'conf/.done' },
    versioning: true,
    fill: (bucket) => {
      putMarked(bucket);
      const lastModified = new Date(Date.now() + 5000);
      bucket.put('conf/a.conf', 'the next release', { lastModified });
    },
  },
};

const ofListings: Readonly<Record<string, () => Fault>> = {
  'an error in a 200': () => faults.errorIn200(),
  'another document': () => faults.notAListing(),
  'half a document': () => faults.truncatedXml(),
  'no token for what follows': () => faults.withoutToken(),
  'a token of its own': () => faults.repeatedToken('token'),
  'the name of another bucket': () => faults.wrongName(),
  'a wrong count': () => faults.keyCount(0),
  'a key of another prefix': () => faults.foreignKey('other/key'),
  'a key that is none of the bucket': () => faults.foreignKey('conf/zz'),
  'keys as they are': () => faults.rawKeys(),
};

const ofObjects: Readonly<Record<string, () => Fault>> = {
  'a body that is shorter': () => faults.shortBody(1),
  'no length': () => faults.chunked(),
  'no ETag': () => faults.withoutETag(),
  'the ETag of another state': () => faults.header('ETag', '"0123456789abcdef0123456789abcdef"'),
  'the checksum of another content': () => faults.wrongChecksum('crc32c', 'AAAAAA=='),
};

const ofAll: Readonly<Record<string, () => Fault>> = {
  'an HTML page': () => faults.html(),
  'an empty body': () => faults.emptyBody(),
  'a wrong byte': () => faults.wrongByte(),
  'a reset': () => faults.reset(),
  'a reset in the body': () => faults.resetAfter(1),
  'an early end': () => faults.endAfter(1),
  'no time': () => faults.slowDown(),
  'an error': () => faults.error(500, 'InternalError'),
  'a redirect to nowhere': () => faults.temporaryRedirect('http://elsewhere.example/'),
  'a redirect to its own region': () => faults.redirect('us-east-1'),
};

const refusal = () => faults.error(403, 'AccessDenied');

test.each(Object.entries(layouts))(
  'one lie or one accident, at whichever request, leads to no other set: %s',
  async (_, layout) => {
    const operations = await operationsOf(layout);
    const lanes = new Lanes(32);
    for (const [index, operation] of operations.entries()) {
      const own = operation === 'get' || operation === 'head' ? ofObjects : ofListings;
      for (const [name, fault] of Object.entries({ ...own, ...ofAll, 'a refusal': refusal })) {
        await lanes.enter(() => suffer(layout, fault(), `${name} to request ${index}, ${operation}`, index));
      }
    }
    await lanes.idle();
  },
  240_000,
);

/** The set, or a failure that is tried again; and the set, at the latest when the fault is gone. */
async function suffer(layout: Case, fault: Fault, name: string, index: number): Promise<void> {
  await using served = await serve(layout);
  const { server, source } = served;
  let request = -1;
  const when = () => {
    request += 1;
    return request === index;
  };
  server.arm(fault, { when });
  const expected = layout.texts ?? texts;
  try {
    expect(await look(source), name).toEqual(expected);
  } catch (error) {
    if (!(error instanceof Failure)) throw new Error(`${name}: ${String(error)}`, { cause: error });
    expect(error, `${name}: ${error.message}`).toMatchObject({ next: 'retry' });
  }
  server.disarm();
  expect(await look(source), `${name}, afterwards`).toEqual(expected);
}

async function operationsOf(layout: Case): Promise<readonly SeenRequest['operation'][]> {
  await using served = await serve(layout);
  expect(await look(served.source)).toEqual(layout.texts ?? texts);
  return served.server.requests.map(({ operation }) => operation);
}

interface Served extends AsyncDisposable {
  readonly server: S3Server;
  readonly source: Source;
}

async function serve({ settings, fill, versioning = false }: Case): Promise<Served> {
  const server = await s3FaultServer();
  server.pageSize = 3;
  await fill(server.createBucket('bucket', { versioning }));
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const test = await s3Source({ endpoint, accessKeyId, secretAccessKey, name: 'bucket' }, { settings });
  return { server, source: test.source, [Symbol.asyncDispose]: () => test[Symbol.asyncDispose]() };
}

/** As the engine does it. */
async function look(source: Source): Promise<Readonly<Record<string, string>>> {
  await source.probe(undefined, soon());
  return (await take(source)).texts;
}

function putFiles(bucket: FakeBucket): void {
  for (const [path, text] of Object.entries(texts)) bucket.put(`conf/${path}`, text);
}

function putMarked(bucket: FakeBucket): void {
  const lastModified = new Date(Date.now() - 60_000);
  for (const [path, text] of Object.entries(texts)) bucket.put(`conf/${path}`, text, { lastModified });
  bucket.put('conf/.done', 'release 1', { lastModified: new Date(Date.now() - 50_000) });
}

function pointer(): string {
  const files = Object.entries(texts).map(([path, text]) => {
    const sha256 = createHash('sha256').update(text).digest('hex');
    const size = Buffer.byteLength(text);
    return { kind: 'file', path, key: `conf/${path}`, sha256, size, executable: false } as const;
  });
  return formatRelease({
    rev: 'r1',
    createdAt: '2026-11-22T10:00:00Z',
    message: undefined,
    previous: undefined,
    releases: undefined,
    content: { kind: 'files', files },
  });
}
