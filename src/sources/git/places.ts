import { join } from 'node:path';
import type { GitRemote } from '../../settings/git-remote.ts';
import type { Scheme } from './environment.ts';

/** Where the Git source keeps what below the state directory. */
export interface GitPlaces {
  readonly root: string;
  readonly configFile: string;
  readonly modules: string;
}

export function gitPlaces(stateDir: string): GitPlaces {
  const root = join(stateDir, 'git');
  return { root, configFile: join(root, 'config'), modules: join(root, 'modules') };
}

/** The address as git takes it: git decodes percent signs in a `file://` URL. */
export function urlForGit(remote: GitRemote): string {
  return remote.transport === 'file' ? fileUrl(remote.path) : remote.url;
}

export function fileUrl(path: string): string {
  return `file://${path.replaceAll('%', '%25')}`;
}

/** The transport of an address that git takes, scp-like ones included. */
export function schemeOf(url: string): Scheme {
  const match = /^(https?|ssh|file):\/\//i.exec(url);
  const scheme = match?.[1]?.toLowerCase();
  if (scheme === 'https' || scheme === 'http' || scheme === 'file') return scheme;
  return 'ssh';
}

/**
 * Who is spoken to: `https://host:port` for HTTP(S), `ssh://host:port` for SSH, `file://`. Two addresses of one
 * origin may share credentials.
 */
export function originOf(url: string): string {
  const scheme = schemeOf(url);
  switch (scheme) {
    case 'http':
    case 'https':
      return new URL(url).origin;
    case 'file':
      return 'file://';
    case 'ssh': {
      const scp = /^(?:[^@/]+@)?(\[[^\]]+\]|[^:/]+):/.exec(url);
      if (/^ssh:\/\//i.test(url)) {
        const { hostname, port } = new URL(url);
        return `ssh://${hostname}:${port === '' ? '22' : port}`;
      }
      return `ssh://${scp?.[1] ?? url}:22`;
    }
  }
}
