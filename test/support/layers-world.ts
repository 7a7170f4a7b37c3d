import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { basic, GitHttpServer } from './git-http-server.ts';
import { ReloadApp } from './reload-app.ts';
import { Repository } from './repository.ts';
import { s3FaultServer } from './s3-fault-server.ts';
import { temporaryDirectory } from './temporary.ts';

export const secrets = { password: 'hunter2-hunter2' };

/**
 * A repository that asks for a password, a bucket with keys of its own and a directory, which are the layers `base`,
 * `site` and, at `tls/`, `tls` of one set; and the application that is told of it.
 */
export async function layersWorld() {
  const repository = await Repository.create();
  const git = await GitHttpServer.start({
    root: dirname(repository.path),
    authorization: basic('reader', secrets.password),
  });
  const s3 = await s3FaultServer();
  const bucket = s3.createBucket('site-config');
  const directory = await temporaryDirectory();
  const target = await temporaryDirectory();
  const credentials = await temporaryDirectory();
  await writeFile(join(credentials, 'password'), `${secrets.password}\n`);
  const app = await ReloadApp.start();
  const settings = {
    WHERRY_LAYERS: 'base,site,tls',
    WHERRY_BASE_SOURCE: 'git',
    WHERRY_BASE_GIT_REPO: `${git.url}/repo.git`,
    WHERRY_BASE_GIT_REF: 'main',
    WHERRY_BASE_GIT_USERNAME: 'reader',
    WHERRY_BASE_GIT_PASSWORD_FILE: join(credentials, 'password'),
    WHERRY_SITE_SOURCE: 's3',
    WHERRY_SITE_S3_ENDPOINT: s3.endpoint,
    WHERRY_SITE_S3_BUCKET: 'site-config',
    WHERRY_SITE_S3_PREFIX: 'site/',
    WHERRY_SITE_S3_SETTLE: '50ms',
    WHERRY_SITE_S3_ACCESS_KEY_ID: s3.accessKeyId,
    WHERRY_SITE_S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    WHERRY_TLS_SOURCE: 'dir',
    WHERRY_TLS_DIR_PATH: directory,
    WHERRY_TLS_MOUNT: 'tls/',
    WHERRY_TARGET: target,
    WHERRY_POLL_INTERVAL: '100ms',
    WHERRY_SYNC_TIMEOUT: '60s',
    WHERRY_RELOAD_URL: app.url().href,
  };
  /** As an editor saves it. */
  const save = async (name: string, content: string) => {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, `${name}.new`), content);
    await rename(join(directory, `${name}.new`), join(directory, name));
  };
  return {
    repository,
    git,
    s3,
    bucket,
    directory,
    target,
    app,
    settings,
    save,
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}
