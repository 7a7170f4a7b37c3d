import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packTar } from '../support/archives.ts';
import { GitHttpServer } from '../support/git-http-server.ts';
import { Repository } from '../support/repository.ts';
import { s3FaultServer } from '../support/s3-fault-server.ts';
import { s3Settings } from '../support/s3-source.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const content = { 'app.yaml': 'a: 1\n', 'conf/b.yaml': 'b: 1\n' };

/** A place that holds a set, and what is asked of it. */
export interface WeighedSource {
  readonly settings: Readonly<Record<string, string>>;
  /** So far; undefined where nothing is asked. */
  readonly requests: () => number | undefined;
}

/** One of each kind that costs something of its own. */
export const weighedSources: Readonly<Record<string, () => Promise<WeighedSource>>> = {
  'git over HTTP': async () => {
    const repository = await Repository.create();
    await repository.commit(content);
    const server = await GitHttpServer.start({ root: dirname(repository.path) });
    const settings = { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: `${server.url}/repo.git` };
    return { settings, requests: () => server.requests.length };
  },
  'git in a directory': async () => {
    const repository = await Repository.create();
    await repository.commit(content);
    const settings = { WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: `file://${repository.path}` };
    return { settings, requests: () => undefined };
  },
  'an archive in S3': () => bucketWith({ ARCHIVE: 'conf.tar' }),
  'a prefix in S3': () => bucketWith({ PREFIX: 'conf/', SETTLE: '0s' }),
  'a directory': async () => {
    const directory = await temporaryDirectory();
    for (const [path, text] of Object.entries(content)) {
      await mkdir(join(directory, dirname(path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    return {
      settings: { WHERRY_SOURCE: 'dir', WHERRY_DIR_PATH: directory },
      requests: () => undefined,
    };
  },
};

async function bucketWith(layout: Readonly<Record<string, string>>): Promise<WeighedSource> {
  const server = await s3FaultServer();
  const bucket = server.createBucket('conf');
  const entries = Object.entries(content).map(([name, text]) => ({ name, content: text }));
  bucket.put('conf.tar', await packTar(...entries));
  for (const [path, text] of Object.entries(content)) bucket.put(`conf/${path}`, text);
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const place = { endpoint, name: 'conf', accessKeyId, secretAccessKey };
  return { settings: s3Settings(place, layout), requests: () => server.requests.length };
}
