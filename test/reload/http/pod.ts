import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generationName } from '../../../src/publish/generation.ts';
import type { Answer, ReloadContext, Target } from '../../../src/reload/target.ts';
import { createTargets } from '../../../src/reload/targets.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { context, settingsOf } from '../context.ts';

/** A target directory into which sets are published as the publisher does, and the one reload target for them. */
export class Pod {
  readonly directory: string;
  readonly target: Target;

  private constructor(directory: string, target: Target) {
    this.directory = directory;
    this.target = target;
  }

  static async of(preset: string, settings: Readonly<Record<string, string>> = {}): Promise<Pod> {
    const directory = await temporaryDirectory();
    const all = settingsOf({ WHERRY_RELOAD_PRESET: preset, ...settings });
    const options = { settings: all, targetDir: directory, stateDir: '/nowhere', env: {} };
    const [target] = createTargets(options);
    if (target === undefined) throw new Error('no target');
    return new Pod(directory, target);
  }

  async publish(files: Readonly<Record<string, string>>): Promise<void> {
    const name = generationName(new Date());
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(this.directory, name, path)), { recursive: true });
      await writeFile(join(this.directory, name, path), content);
    }
    await symlink(name, join(this.directory, '..data_tmp'));
    await rename(join(this.directory, '..data_tmp'), join(this.directory, '..data'));
  }

  reload(more: Partial<ReloadContext> = {}, overtaken?: AbortSignal): Promise<Answer> {
    return this.target.reload({ ...context, ...more }, new AbortController().signal, overtaken);
  }
}
