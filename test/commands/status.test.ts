import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { status } from '../../src/commands/status.ts';
import { emptyState } from '../../src/engine/machine/state.ts';
import { StateStore } from '../../src/engine/state-store.ts';
import { ensureDirectory } from '../../src/platform/directory.ts';
import { loadSettings } from '../../src/settings/settings.ts';
import { RecordingLog } from '../support/recording-log.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('before the first set the status names the place in the bucket', async () => {
  const target = await temporaryDirectory();
  const stateDir = join(target, '..wherry');
  await ensureDirectory(stateDir, 0o700);
  await new StateStore(stateDir, new RecordingLog()).save(emptyState);
  const env = { WHERRY_TARGET: target, WHERRY_S3_BUCKET: 'cfg', WHERRY_S3_PREFIX: 'app/' };
  const out = new PassThrough({ encoding: 'utf8' });
  await status(loadSettings({ env, flags: new Map(), complete: false }), false, out);
  expect(out.read()).toMatch(/^source +s3:\/\/cfg\/app\/$/m);
});
