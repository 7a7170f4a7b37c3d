import { join } from 'node:path';
import type { Log } from '../../platform/log.ts';
import type { Settings } from '../../settings/schema.ts';
import type { FileEntry, Revision, Snapshot } from '../../snapshot/entry.ts';
import type { FileSink } from '../../snapshot/file-sink.ts';
import type { Probe, Source } from '../source.ts';
import { createCredentials } from './credentials/create-credentials.ts';
import type { CredentialSource } from './credentials/credentials.ts';
import { chosenLayout, loadLayout } from './layouts/choice.ts';
import type { Layout } from './layouts/layout.ts';
import { createStore } from './store/s3-store.ts';
import type { RequestListener, Store } from './store/store.ts';

export interface S3SourceOptions {
  readonly settings: Settings;
  /** Private to this program; made before the first call. Everything of the source lies below its `s3/`. */
  readonly stateDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  readonly onRequest: RequestListener;
  /** A state of the past, in the place of WHERRY_S3_AS_OF or of the newest one. */
  readonly revision: Revision | undefined;
}

/** The S3 source of the settings. Nothing is asked or loaded before the first call. */
export function createS3Source(options: S3SourceOptions): Source {
  const { settings, env, log, onRequest } = options;
  const credentials = createCredentials({ settings, env, log });
  const store = createStore({ settings, env, credentials, log, onRequest });
  return new S3Source(options, store, credentials);
}

class S3Source implements Source {
  readonly description: string;
  readonly #options: S3SourceOptions;
  readonly #store: Store;
  readonly #credentials: CredentialSource;
  #layout: Promise<Layout> | undefined;

  constructor(options: S3SourceOptions, store: Store, credentials: CredentialSource) {
    const chosen = chosenLayout(options.settings);
    this.#options = options;
    this.#store = store;
    this.#credentials = credentials;
    const [bucket, ...endpoint] = store.display.split(' ');
    this.description = [`${bucket}/${chosen.key}`, ...endpoint].join(' ');
  }

  async probe(previous: Revision | undefined, signal: AbortSignal): Promise<Probe> {
    return (await this.#opened()).probe(previous, signal);
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    return (await this.#opened()).snapshot(signal);
  }

  async write(files: readonly FileEntry[], sink: FileSink, signal: AbortSignal): Promise<void> {
    await (await this.#opened()).write(files, sink, signal);
  }

  /** A bucket tells nobody of its changes. */
  async watch(): Promise<undefined> {
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const layout = await this.#layout?.catch(() => undefined);
    await layout?.[Symbol.asyncDispose]();
    await this.#store[Symbol.asyncDispose]();
    await this.#credentials[Symbol.asyncDispose]();
  }

  async #opened(): Promise<Layout> {
    const { settings, stateDir, log, revision } = this.#options;
    const directory = join(stateDir, 's3');
    this.#layout ??= loadLayout({ settings, store: this.#store, directory, log, revision });
    return this.#layout;
  }
}
