import { planClient } from '../../src/release/client.ts';
import type { Target } from '../../src/release/current.ts';
import { type Made, makeRelease } from '../../src/release/make-release.ts';
import { parsePlace } from '../../src/release/place.ts';
import { rollBack } from '../../src/release/roll-back.ts';
import { S3Bucket } from '../../src/release/s3-bucket.ts';
import { loadSettings } from '../../src/settings/settings.ts';
import { createCredentials } from '../../src/sources/s3/credentials/create-credentials.ts';
import { type Tree, treeOnDisk } from './archives.ts';
import { soon } from './calls.ts';
import { RecordingLog } from './recording-log.ts';
import type { S3Place } from './s3-source.ts';

/** Whoever writes releases to `app/` of a bucket, with the pointer `app/current.json`. */
export class Releaser implements AsyncDisposable {
  readonly target: Target;
  readonly #settings: ReturnType<typeof loadSettings>['settings'];

  private constructor(target: Target, settings: ReturnType<typeof loadSettings>['settings']) {
    this.target = target;
    this.#settings = settings;
  }

  static async open(
    place: S3Place,
    comparesAndSwaps = true,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Releaser> {
    const env = {
      WHERRY_S3_ENDPOINT: place.endpoint,
      WHERRY_S3_BUCKET: place.name,
      WHERRY_S3_ACCESS_KEY_ID: place.accessKeyId,
      WHERRY_S3_SECRET_ACCESS_KEY: place.secretAccessKey,
      ...more,
    };
    const { settings } = loadSettings({ env, flags: new Map(), complete: false });
    const credentials = createCredentials({ settings, env: {}, log: new RecordingLog() });
    const plan = await planClient(settings, {}, credentials, 4);
    const options = { plan, bucket: place.name, requesterPays: false, customerKey: undefined };
    const parsed = parsePlace(`s3://${place.name}/app`);
    if (parsed === undefined) throw new Error(`${place.name} is no name of a bucket`);
    const bucket = new S3Bucket(options);
    return new Releaser({ bucket, place: parsed, pointer: 'app/current.json', comparesAndSwaps }, settings);
  }

  async release(files: Tree, rev: string): Promise<Made> {
    const observer = { onLeftOut: ignore, onUpload: ignore, onUploaded: ignore };
    const options = {
      settings: this.#settings,
      rev,
      message: undefined,
      dryRun: false,
      force: true,
      observer,
    };
    return makeRelease(this.target, { ...options, directory: await treeOnDisk(files) }, soon());
  }

  async rollBack(rev?: string): Promise<void> {
    await rollBack(this.target, { rev, dryRun: false, force: false, parallel: 4 }, soon());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.target.bucket[Symbol.dispose]();
  }
}

function ignore(): void {}
