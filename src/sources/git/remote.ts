import { MissingError } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import type { GitRemote } from '../../settings/git-remote.ts';
import type { Settings } from '../../settings/schema.ts';
import { authorizationOf, sendsSecrets } from './credentials.ts';
import { proxyVariables } from './environment.ts';
import type { Asked } from './failures.ts';
import { LsRemote } from './ls-remote.ts';
import { type GitPlaces, originOf, urlForGit } from './places.ts';
import { type RefReader, type Resolved, resolve, type Wanted } from './refs.ts';
import { openSession, type Session } from './session.ts';

export interface RemoteOptions {
  readonly settings: Settings;
  readonly repo: GitRemote;
  readonly ambient: NodeJS.ProcessEnv;
  readonly places: GitPlaces;
  readonly log: Log;
}

/** The repository of WHERRY_GIT_REPO: what its refs are now, and how git gets to it. */
export class Remote implements AsyncDisposable {
  readonly asked: Asked;
  readonly #options: RemoteOptions;
  readonly #refs: RefReader & Partial<AsyncDisposable & { readonly url: string }>;
  #toldShadowed = false;

  private constructor(options: RemoteOptions, asked: Asked, refs: RefReader) {
    this.#options = options;
    this.asked = asked;
    this.#refs = refs;
  }

  static async create(options: RemoteOptions): Promise<Remote> {
    const { settings, repo, places } = options;
    const asked: Asked = {
      display: repo.display,
      transport: repo.transport,
      credential:
        repo.transport === 'ssh'
          ? settings.gitSshKey && 'WHERRY_GIT_SSH_KEY'
          : authorizationOf(settings)?.setting,
      address: 'WHERRY_GIT_REPO',
    };
    const lsRemote = new LsRemote(() => sessionFor(options, urlForGit(repo)), asked, places.root);
    switch (repo.transport) {
      case 'http':
        return new Remote(options, asked, await httpRefs(options, asked, lsRemote));
      case 'ssh':
      case 'file':
        return new Remote(options, asked, lsRemote);
    }
  }

  /** Where the repository is now: a redirect within its origin is followed. */
  get url(): string {
    return this.#refs.url ?? urlForGit(this.#options.repo);
  }

  /** A session with the repository itself, or with another one that it names. */
  session(url = this.url): Promise<Session> {
    return sessionFor(this.#options, url);
  }

  /** The ref that is asked for, as it is now. Throws `MissingError` when it is not there. */
  async resolve(wanted: Wanted & { readonly kind: 'ref' }, signal: AbortSignal): Promise<Resolved> {
    const { candidates, text } = wanted;
    const refs = await this.#refs.read([...candidates, 'HEAD'], signal);
    const found = resolve(candidates, refs);
    if (found !== undefined) {
      this.#tellShadowed(found);
      return found;
    }
    const { display } = this.asked;
    const empty = !refs.has('HEAD') && (await this.#refs.read(undefined, signal)).size === 0;
    throw empty
      ? new MissingError({
          setting: 'WHERRY_GIT_REPO',
          problem: `${display} is empty: it has no commit yet`,
          cure: 'push a commit',
        })
      : new MissingError({
          setting: 'WHERRY_GIT_REF',
          problem: `"${text}" is not a branch, tag or ref of ${display}`,
          cure: 'push it, or name another one',
        });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#refs[Symbol.asyncDispose]?.();
  }

  #tellShadowed({ ref, shadowed }: Resolved): void {
    if (shadowed.length === 0 || this.#toldShadowed) return;
    this.#toldShadowed = true;
    this.#options.log.debug({ ref, also: shadowed }, 'several refs have the name that is asked for');
  }
}

function sessionFor({ settings, repo, ambient, places }: RemoteOptions, url: string): Promise<Session> {
  const trusted = originOf(url) === originOf(urlForGit(repo));
  return openSession({ settings, ambient, places, url, trusted });
}

async function httpRefs(
  { settings, repo, ambient, log }: RemoteOptions,
  asked: Asked,
  fallback: RefReader,
): Promise<RefReader> {
  const { HttpRefs } = await import('./http-refs.ts');
  const { agentsSpeakToProxies, HttpConnection } = await import('./http-connection.ts');
  const proxyEnv = proxyVariables(ambient);
  const proxied = Object.keys(proxyEnv).some((name) => /^https?_proxy$/i.test(name));
  const { gitCa, gitClientCert, gitClientKey, gitCookies } = settings;
  return new HttpRefs({
    url: repo.url,
    asked,
    connection: new HttpConnection({ ca: gitCa, cert: gitClientCert, key: gitClientKey, proxyEnv }),
    authorization: authorizationOf(settings)?.header,
    secrets: sendsSecrets(settings),
    ownAuthority: gitCa !== undefined,
    fallback,
    unable:
      gitCookies !== undefined
        ? 'cookies are git’s to send'
        : proxied && !agentsSpeakToProxies(process.versions.node)
          ? 'this Node.js does not speak to proxies'
          : undefined,
    log,
  });
}
