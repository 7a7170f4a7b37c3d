import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fillPlaceholders } from '../../src/platform/command.ts';
import { hasHaproxy } from '../support/haproxy.ts';
import { temporaryDirectory } from '../support/temporary.ts';
import { containersOf, find, podsOf, readManifests } from './manifests.ts';

test.skipIf(!hasHaproxy)(
  'the copied HAProxy validates by itself, with its own loader and libraries',
  async () => {
    const directory = await temporaryDirectory();
    const tools = join(directory, 'tools');
    await mkdir(tools);
    const here = (text: string) => text.replaceAll('/tools', tools);

    const documents = readManifests('haproxy-native-sidecar.yaml');
    const copy = podsOf(documents)
      .flatMap(containersOf)
      .find(({ name }) => name === 'tools');
    const [shell = '', ...args] = copy?.command ?? [];
    execFileSync(shell, args.map(here), { env: { PATH: `${process.env['PATH']}:/usr/sbin` } });

    const command = find(documents, 'ConfigMap', 'haproxy-wherry').data?.['WHERRY_VALIDATE_EXEC'] ?? '';
    const line = fillPlaceholders(here(command), { staged: directory });
    const validate = async (config: string) => {
      await writeFile(join(directory, 'haproxy.cfg'), config);
      return spawnSync('/bin/sh', ['-c', line], { env: {}, encoding: 'utf8' });
    };
    expect(await validate('global\n  maxconn 10\nfrontend f\n  bind :8080\n')).toMatchObject({ status: 0 });
    expect(await validate('bogus\n')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("unknown keyword 'bogus'"),
    });
  },
);
