import { execFileSync } from 'node:child_process';
import { describe, expect, test, vi } from 'vitest';
import { release } from '../../src/commands/release.ts';
import { DeniedError } from '../../src/failure/failure.ts';
import { loadSettings } from '../../src/settings/settings.ts';
import { createS3Source } from '../../src/sources/s3/s3-source.ts';
import { treeOnDisk } from '../support/archives.ts';
import { bucket, type CephBucket, type CephUser, ceph, hasCeph, type S3Keys } from '../support/ceph.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { take } from '../support/taking.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { containersOf, environmentOf, isWherry, podsOf, readManifests } from './manifests.ts';
import { asBucketPolicy, withoutConditions } from './policies.ts';

interface Rights {
  readonly reader?: readonly string[];
  readonly writer?: readonly string[];
}

interface World {
  readonly bucket: CephBucket;
  readonly reader: CephUser;
  readonly writer: CephUser;
}

async function world(rights: Rights, versioning = false): Promise<World> {
  const { createUser } = await ceph();
  const [reader, writer] = await Promise.all([createUser(), createUser()]);
  const made = await bucket({
    versioning,
    policy: (name) => [
      ...(rights.reader ?? []).flatMap((file) => asBucketPolicy(file, name, reader.arn)),
      // Before the first release an older Ceph would not say that there is no pointer yet.
      ...(rights.writer ?? []).flatMap((file) => withoutConditions(asBucketPolicy(file, name, writer.arn))),
    ],
  });
  return { bucket: made, reader, writer };
}

function placeOf({ endpoint, name }: CephBucket, { accessKeyId, secretAccessKey }: S3Keys) {
  return {
    WHERRY_S3_ENDPOINT: endpoint,
    WHERRY_S3_BUCKET: name,
    WHERRY_S3_CREDENTIALS: 'settings',
    WHERRY_S3_ACCESS_KEY_ID: accessKeyId,
    WHERRY_S3_SECRET_ACCESS_KEY: secretAccessKey,
  };
}

/** What the sidecar of a manifest would publish, were the store this one. */
async function read(
  file: string,
  { bucket: made, reader }: World,
): Promise<Readonly<Record<string, string>>> {
  const documents = readManifests(file);
  const [wherry] = podsOf(documents).flatMap(containersOf).filter(isWherry);
  if (wherry === undefined) throw new Error(`no Wherry in ${file}`);
  const given = Object.entries(environmentOf(wherry, documents)).filter(([name]) => !name.endsWith('_FILE'));
  const env = { ...Object.fromEntries(given), ...placeOf(made, reader) };
  const { settings } = loadSettings({ env, flags: new Map(), complete: true });
  const stateDir = await temporaryDirectory();
  const common = { stateDir, env, log: new RecordingLog(), onRequest: () => {}, revision: undefined };
  await using source = createS3Source({ settings, ...common });
  return (await take(source)).texts;
}

async function releaseAs({ bucket: made, writer }: World, directory: string, pointer: string): Promise<void> {
  const env = { WHERRY_SOURCE: 's3', ...placeOf(made, writer) };
  const { settings } = loadSettings({ env, flags: new Map(), complete: false });
  const said = [process.stdout, process.stderr].map((out) => vi.spyOn(out, 'write').mockReturnValue(true));
  try {
    const words = [directory, `s3://${made.name}/${pointer.split('/')[0]}`];
    await release({ words, switches: new Set(), options: new Map([['--pointer', pointer]]) }, settings, env);
  } finally {
    for (const spy of said) spy.mockRestore();
  }
}

describe.skipIf(!hasCeph)('with the policies of deploy/iam and nothing else', () => {
  test('s3-irsa.yaml reads what wherry release wrote', async () => {
    const given = await world({ reader: ['pointer.json'], writer: ['release-writer.json'] });
    const tree = { 'prometheus.yml': 'global: {}\n', 'rules/a.yml': 'groups: []\n' };
    const directory = await treeOnDisk(tree);
    await releaseAs(given, directory, 'prometheus/current.json');
    expect(await read('s3-irsa.yaml', given)).toEqual(tree);
    const next = { ...tree, 'prometheus.yml': 'global: { scrape_interval: 5s }\n' };
    await releaseAs(given, await treeOnDisk(next), 'prometheus/current.json');
    expect(await read('s3-irsa.yaml', given)).toEqual(next);
  });

  test('s3-pod-identity.yaml reads the archive that tar made', async () => {
    const given = await world({ reader: ['object-archive.json'] });
    const tree = { 'alertmanager.yml': 'route: {}\n', 'templates/a.tmpl': 'a' };
    const archive = execFileSync('tar', ['-C', await treeOnDisk(tree), '-czf', '-', '.']);
    await given.bucket.writer.put('alertmanager/alertmanager.tar.gz', archive);
    expect(await read('s3-pod-identity.yaml', given)).toEqual(tree);
  });

  test('s3-minio-secret.yaml reads what lies below its prefix once there is a marker', async () => {
    const given = await world({ reader: ['prefix.json'] });
    const { writer } = given.bucket;
    await writer.put('fluent-bit/fluent-bit.yaml', 'service: {}\n');
    await writer.put('fluent-bit/more/a.yaml', 'a: 1\n');
    await writer.put('fluent-bit-staging/b.yaml', 'b: 1\n');
    await writer.put('fluent-bit.ready', 'now');
    expect(await read('s3-minio-secret.yaml', given)).toEqual({
      'fluent-bit.yaml': 'service: {}\n',
      'more/a.yaml': 'a: 1\n',
    });
  });

  test('a prefix in a versioned bucket is read while the next release is uploaded', async () => {
    const given = await world({ reader: ['prefix.json', 'prefix-as-of.json'] }, true);
    const { writer } = given.bucket;
    await writer.put('fluent-bit/fluent-bit.yaml', 'service: {}\n');
    await writer.put('fluent-bit.ready', 'first');
    const { LastModified: marked } = await writer.head('fluent-bit.ready');
    await expect.poll(() => Date.now() - (marked?.getTime() ?? 0)).toBeGreaterThan(1500);
    await writer.put('fluent-bit/fluent-bit.yaml', 'service: { flush: 5 }\n');
    expect(await read('s3-minio-secret.yaml', given)).toEqual({ 'fluent-bit.yaml': 'service: {}\n' });
  });

  test('without a policy it says which right is missing', async () => {
    const given = await world({});
    await given.bucket.writer.put('prometheus/current.json', '{}');
    const error: unknown = await read('s3-irsa.yaml', given).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeniedError);
    expect(String(error)).toMatch(/s3:ListBucket.*s3:GetObject/);
  });
});
