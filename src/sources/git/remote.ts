import { MissingError } from '../../failure/failure.ts';
import type { Log } from '../../platform/log.ts';
import { agentsSpeakToProxies, proxyVariables } from '../../platform/proxy.ts';
import type { GitRemote } from '../../settings/git-remote.ts';
import type { Settings } from '../../settings/schema.ts';
import { authorizationOf, sendsSecrets } from './credentials.ts';
import type { Asked } from './failures.ts';
import { LsRemote } from './ls-remote.ts';
import { type GitPlaces, originOf, urlForGit } from './places.ts';
import { type RefReader, type Resolved, resolve, type Wanted } from './refs.ts';
import { openSession, type Session } from './session.ts';

export interface RemoteOptions {
  readonly settings: Settings;
  /** The repository that is spoken to. */
  readonly repo: GitRemote;
  /** The repository of WHERRY_GIT_REPO: credentials are for its origin alone. */
  readonly main: GitRemote;
  /** The setting to look at when the address is wrong. */
  readonly address: string;
  readonly ambient: NodeJS.ProcessEnv;
  readonly places: GitPlaces;
  readonly log: Log;
}

/** A repository elsewhere: what its refs are now, and how git gets to it. */
export class Remote implements AsyncDisposable {
  readonly asked: Asked;
  readonly #options: RemoteOptions;
  /** Made when refs are first asked for: a first snapshot does without. */
  #refs: Promise<Refs> | undefined;
  #movedTo: string | undefined;
  #toldShadowed = false;

  constructor(options: RemoteOptions) {
    const { repo, address } = options;
    this.#options = options;
    this.asked = {
      display: repo.display,
      transport: repo.transport,
      credential: credentialOf(options),
      address,
    };
  }

  /** Where the repository is now: a redirect that may be followed is remembered. */
  get url(): string {
    return this.#movedTo ?? urlForGit(this.#options.repo);
  }

  session(): Promise<Session> {
    return sessionFor(this.#options, this.url);
  }

  /** Asks the remote anything, to learn whether it is there and lets us in. Throws the `Failure` when not. */
  async testify(signal: AbortSignal): Promise<void> {
    await this.#read(['HEAD'], signal);
  }

  /** The ref that is asked for, as it is now. Throws `MissingError` when it is not there. */
  async resolve(wanted: Wanted & { readonly kind: 'ref' }, signal: AbortSignal): Promise<Resolved> {
    const { candidates, text, asked } = wanted;
    const refs = await this.#read(asked, signal);
    const found = resolve(candidates, refs);
    if (found !== undefined) {
      this.#tellShadowed(found);
      return found;
    }
    const { display } = this.asked;
    const empty = !refs.has('HEAD') && (await this.#read(undefined, signal)).size === 0;
    throw empty
      ? new MissingError({
          setting: 'WHERRY_GIT_REPO',
          problem: `${display} is empty: it has no commit yet`,
          cure: 'push a commit',
        })
      : new MissingError({
          setting: 'WHERRY_GIT_REF',
          problem: `"${text}" is not a branch, tag or ref of ${display}`,
          cure: /^[0-9a-f]{7,39}$/.test(text)
            ? 'of a commit write all digits; else push it, or name another one'
            : 'push it, or name another one',
        });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#refs)?.[Symbol.asyncDispose]?.();
  }

  async #read(names: readonly string[] | undefined, signal: AbortSignal) {
    this.#refs ??= refsOf(this.#options, this.asked);
    const refs = await this.#refs;
    try {
      return await refs.read(names, signal);
    } finally {
      this.#movedTo = refs.url;
    }
  }

  #tellShadowed({ ref, shadowed }: Resolved): void {
    if (shadowed.length === 0 || this.#toldShadowed) return;
    this.#toldShadowed = true;
    this.#options.log.debug({ ref, also: shadowed }, 'several refs have the name that is asked for');
  }
}

function isTrusted({ main }: RemoteOptions, url: string): boolean {
  return originOf(url) === originOf(urlForGit(main));
}

function credentialOf(options: RemoteOptions): string | undefined {
  const { settings, repo } = options;
  if (!isTrusted(options, urlForGit(repo))) return undefined;
  if (repo.transport === 'ssh') return settings.gitSshKey === undefined ? undefined : 'WHERRY_GIT_SSH_KEY';
  const { gitCookies } = settings;
  return authorizationOf(settings)?.setting ?? (gitCookies === undefined ? undefined : 'WHERRY_GIT_COOKIES');
}

function sessionFor(options: RemoteOptions, url: string): Promise<Session> {
  const { settings, ambient, places } = options;
  return openSession({ settings, ambient, places, url, trusted: isTrusted(options, url) });
}

type Refs = RefReader & Partial<AsyncDisposable & { readonly url: string }>;

async function refsOf(options: RemoteOptions, asked: Asked): Promise<Refs> {
  const { repo } = options;
  const lsRemote = new LsRemote(() => sessionFor(options, urlForGit(repo)), asked);
  switch (repo.transport) {
    case 'http':
      return httpRefs(options, asked, lsRemote);
    case 'file': {
      const { LocalRefs } = await import('./local-refs.ts');
      return new LocalRefs(repo.path, lsRemote);
    }
    case 'ssh':
      return lsRemote;
  }
}

async function httpRefs(options: RemoteOptions, asked: Asked, fallback: RefReader): Promise<Refs> {
  const { settings, repo, ambient, log } = options;
  const { HttpRefs } = await import('./http-refs.ts');
  const { HttpConnection } = await import('./http-connection.ts');
  const proxyEnv = proxyVariables(ambient);
  const proxied = Object.keys(proxyEnv).some((name) => /^https?_proxy$/i.test(name));
  const trusted = isTrusted(options, repo.url);
  const { gitCa, gitClientCert, gitClientKey, gitCookies } = settings;
  return new HttpRefs({
    url: repo.url,
    asked,
    connection: new HttpConnection({
      ca: gitCa,
      cert: trusted ? gitClientCert : undefined,
      key: trusted ? gitClientKey : undefined,
      proxyEnv,
    }),
    authorization: trusted ? authorizationOf(settings)?.header : undefined,
    secrets: trusted && sendsSecrets(settings),
    ownAuthority: gitCa !== undefined,
    fallback,
    unable:
      trusted && gitCookies !== undefined
        ? 'cookies are git’s to send'
        : proxied && !agentsSpeakToProxies(process.versions.node)
          ? 'this Node.js does not speak to proxies'
          : undefined,
    log,
  });
}
