import { join } from 'node:path';
import { ensureDirectoryNow } from '../../platform/directory-now.ts';
import type { Settings } from '../../settings/schema.ts';
import { authorizationOf, sendsSecrets } from './credentials.ts';
import { gitEnvironment, type Scheme } from './environment.ts';
import { type GitPlaces, originOf, schemeOf } from './places.ts';
import { type SecretFile, secretFile } from './secret-file.ts';
import { sshCommand } from './ssh-command.ts';

export interface SessionOptions {
  readonly settings: Settings;
  readonly ambient: NodeJS.ProcessEnv;
  readonly places: GitPlaces;
  /** The repository to talk to. */
  readonly url: string;
  /** Whether `url` is at the origin that the credentials are meant for. */
  readonly trusted: boolean;
}

/** What git needs to talk to one repository. Its secret files last until disposal. */
export interface Session extends AsyncDisposable {
  readonly url: string;
  /** git's environment for work on this bare repository. */
  environment(gitDir: string, config?: readonly (readonly [string, string])[]): Record<string, string>;
}

/** Lays out the credentials for one repository: in git's environment, and in unlinked files where it wants a path. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { ambient, places, url } = options;
  const files: SecretFile[] = [];
  const hide = async (text: string) => {
    const file = await secretFile(text, places.root);
    files.push(file);
    return file.path;
  };
  const dispose = async () => {
    await Promise.all(files.map((file) => file[Symbol.asyncDispose]()));
  };
  try {
    const scheme = schemeOf(url);
    const config = scheme === 'http' || scheme === 'https' ? await httpConfig(options, hide) : [];
    const more =
      scheme === 'ssh' ? { GIT_SSH_COMMAND: await ssh(options, hide), GIT_SSH_VARIANT: 'ssh' } : {};
    return {
      url,
      environment: (gitDir, extra = []) =>
        gitEnvironment({
          ambient,
          configFile: places.configFile,
          schemes: allowedSchemes(scheme, options),
          config: [...config, ...extra],
          gitDir,
          more,
        }),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** A plain HTTP server may send those who have nothing to hide to HTTPS. */
function allowedSchemes(scheme: Scheme, { settings, trusted }: SessionOptions): readonly Scheme[] {
  return scheme === 'http' && !(trusted && sendsSecrets(settings)) ? ['http', 'https'] : [scheme];
}

type Hide = (text: string) => Promise<string>;

async function httpConfig(
  { settings, url, trusted }: SessionOptions,
  hide: Hide,
): Promise<(readonly [string, string])[]> {
  const section = `http.${originOf(url)}/`;
  const { gitCa, gitClientCert, gitClientKey, gitCookies } = settings;
  const config: (readonly [string, string])[] = [];
  if (gitCa !== undefined) config.push([`${section}.sslCAInfo`, await hide(gitCa)]);
  if (!trusted) return config;
  const authorization = authorizationOf(settings);
  if (sendsSecrets(settings)) config.push(['http.followRedirects', 'false']);
  if (authorization !== undefined) {
    config.push([`${section}.extraHeader`, `Authorization: ${authorization.header}`]);
  }
  if (gitClientCert !== undefined) config.push([`${section}.sslCert`, await hide(gitClientCert)]);
  if (gitClientKey !== undefined) config.push([`${section}.sslKey`, await hide(gitClientKey)]);
  if (gitCookies !== undefined) config.push([`${section}.cookieFile`, await hide(gitCookies)]);
  return config;
}

async function ssh({ settings, places, trusted }: SessionOptions, hide: Hide): Promise<string> {
  const { gitSshKey, gitSshKnownHosts, gitSshHostKeyCheck } = settings;
  const given = gitSshKnownHosts === undefined ? [] : [await hide(gitSshKnownHosts)];
  const remembered: string[] = [];
  if (gitSshHostKeyCheck === 'accept-new') {
    const directory = join(places.root, 'ssh');
    ensureDirectoryNow(directory, 0o700);
    remembered.push(join(directory, 'known_hosts'));
  }
  return sshCommand({
    keyPath: gitSshKey === undefined || !trusted ? undefined : await hide(gitSshKey),
    knownHostsPaths: gitSshHostKeyCheck === 'off' ? [] : [...remembered, ...given],
    hostKeyCheck: gitSshHostKeyCheck,
  });
}
