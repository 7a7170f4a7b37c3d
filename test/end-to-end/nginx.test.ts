import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasNginx, Nginx } from '../support/nginx.ts';
import { start, stateOf } from '../support/program.ts';
import { Repository } from '../support/repository.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test.skipIf(!hasNginx)('nginx reads a commit after the SIGHUP that its master gets', async () => {
  const repository = await Repository.create();
  const target = join(await temporaryDirectory(), 'config');
  await using nginx = await Nginx.start('without');
  await nginx.configure('$served', '', `${target}/*.conf`);
  await repository.commit({ 'served.conf': 'set $served "first";\n' });
  start(['run'], {
    WHERRY_SOURCE: 'git',
    WHERRY_GIT_REPO: repository.path,
    WHERRY_TARGET: target,
    WHERRY_POLL_INTERVAL: '200ms',
    WHERRY_RELOAD_SIGNAL: 'SIGHUP',
    WHERRY_RELOAD_PROCESS: nginx.name,
  });
  await nginx.answersWith('first');
  await repository.commit({ 'served.conf': 'set $served "second";\n' });
  await nginx.answersWith('second');
  await expect.poll(async () => (await stateOf(target)).targets['signal']?.acknowledged).toBe(2);
});
