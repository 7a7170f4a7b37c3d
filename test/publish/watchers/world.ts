import { realpath, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Engine } from '../../../src/engine/engine.ts';
import { StateStore } from '../../../src/engine/state-store.ts';
import type { Target } from '../../../src/reload/target.ts';
import { engineOn } from '../../support/engine-bench.ts';
import { MemorySource } from '../../support/memory-source.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { nginxFiles } from '../../support/watchers/told-nginx.ts';
import { readVersion, versionText } from '../../support/watchers/versions.ts';
import { type Mode, publisherOf, rootOf, stateDirOf } from './modes.ts';
import type { Happening } from './scenario.ts';

const signal = new AbortController().signal;

/** The version that something else puts in the place of a published one. */
const edited = 1000;

/** A target in one of the modes, and a set of several files; those that are watched are always of one version. */
export class World implements AsyncDisposable {
  readonly #mode: Mode;
  readonly #target: string;
  readonly #source = new MemorySource();
  readonly #targets: readonly Target[];
  #engine: Engine | undefined;
  #version = 1;
  #files: Readonly<Record<string, string>> = {};

  /** `targets` are told after each publish. */
  constructor(mode: Mode, target: string, targets: readonly Target[]) {
    this.#mode = mode;
    this.#target = target;
    this.#targets = targets;
  }

  /** Brings about what comes before, which nobody watches. */
  async prepare(happening: Happening): Promise<void> {
    if (happening === 'rolled back') await this.#publish(this.#next());
    if (happening === 'restart') {
      await this.#open.ask({ action: 'resume', id: 'resume' });
      await this.#turn();
    }
    if (happening === 'put back') {
      await this.#restart('repair');
      await this.#turn();
      await this.#edit('app.json');
      await this.#edit('conf.d/nested.json');
    }
    if (happening === 'its file deleted') await this.#restart();
  }

  /** Resolves when all of it is done, and every application was told. */
  async happen(happening: Happening): Promise<void> {
    switch (happening) {
      case 'first publish': {
        const others = Object.fromEntries(
          Array.from({ length: 8 }, (_, index) => [`file-${index}`, 'the same']),
        );
        await this.#restart();
        return this.#publish({ ...others, 'conf.d/more': '', 'other.json': versionText(0), ...this.#next() });
      }
      case 'its file changes':
      case 'changes again':
        return this.#publish(this.#next());
      case 'clean-up':
        return this.#cleanUp();
      case 'another file changes':
        return this.#publish({ 'other.json': versionText(this.#version) });
      case 'directory added':
        return this.#publish({ 'added/one': '1', 'added/two': '2' });
      case 'rolled back':
        await this.#open.ask({ action: 'rollback', id: 'rollback' });
        return this.#turn();
      case 'its file deleted': {
        const { 'app.json': _file, 'conf.d/nested.json': _nested, ...rest } = this.#files;
        this.#files = rest;
        return this.#publish({});
      }
      case 'restart':
        await this.#restart();
        return this.#turn();
      case 'put back':
        return this.#putBack();
    }
  }

  /** The next version of the files that are watched. */
  #next(): Record<string, string> {
    this.#version += 1;
    const text = versionText(this.#version);
    return { 'app.json': text, 'conf.d/nested.json': text, ...nginxFiles(this.#version) };
  }

  async #publish(changed: Readonly<Record<string, string>>): Promise<void> {
    this.#files = { ...this.#files, ...changed };
    this.#source.set(`r${this.#source.history.size + 1}`, this.#files);
    await this.#turn();
  }

  /** What the loop does for a change, its signals included. */
  async #turn(): Promise<void> {
    const engine = this.#open;
    await engine.settle(signal);
    await engine.look(signal);
    await engine.settle(signal);
    for (const { name } of this.#targets) await this.#isTold(name);
  }

  /** Something else replaces a published file. */
  async #edit(path: string): Promise<void> {
    const file = await realpath(join(rootOf(this.#mode, this.#target), path));
    await writeFile(`${file}.edited`, versionText(edited));
    await rename(`${file}.edited`, file);
  }

  async #putBack(): Promise<void> {
    const file = join(rootOf(this.#mode, this.#target), 'app.json');
    await expect
      .poll(
        async () => {
          await this.#open.settle(signal);
          return readVersion(file);
        },
        { timeout: 20_000, interval: 20 },
      )
      .toBe(this.#version);
    await this.#turn();
  }

  async #restart(drift: 'repair' | 'ignore' = 'ignore'): Promise<void> {
    await this.#engine?.[Symbol.asyncDispose]();
    const publisher = publisherOf(this.#mode, this.#target, 60_000);
    const store = new StateStore(stateDirOf(this.#mode, this.#target), new RecordingLog());
    const parts = { targets: this.#targets };
    this.#engine = engineOn(this.#target, this.#source, parts, {}, { publisher, store, drift });
    await this.#engine.open();
    await this.#engine.start();
  }

  async #cleanUp(): Promise<void> {
    const { published } = this.#open.state ?? {};
    const publisher = publisherOf(this.#mode, this.#target, 0);
    await publisher.open();
    const { failure } = await publisher.collect(published?.sequence ?? 0, new Set());
    if (failure !== undefined) throw failure;
  }

  async #isTold(name: string): Promise<void> {
    const isDone = () => {
      const { state } = this.#open;
      return state?.targets[name]?.acknowledged === state?.published?.sequence;
    };
    await expect.poll(isDone, { timeout: 20_000, interval: 10 }).toBe(true);
  }

  get #open(): Engine {
    if (this.#engine === undefined) throw new Error('nothing is published yet');
    return this.#engine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine?.[Symbol.asyncDispose]();
  }
}
