import { oneLine } from '../platform/one-line.ts';
import { type AccessSettings, accessTo } from '../reload/http/access.ts';
import type { Wording } from '../reload/http/errors.ts';
import type { Look, LookOptions } from '../reload/http/look.ts';
import type { Expectation } from '../settings/gate-kinds.ts';
import type { Settings } from '../settings/schema.ts';
import { expectationText, faultOf, type Impression, parseTrace, traceText } from './judgement.ts';

export type VerifySettings = AccessSettings & Pick<Settings, 'reloadUrl' | 'verifyExpect' | 'verifyTimeout'>;

/** Milliseconds for one look: while it is waited for a good one, and before a publish, which waits for it. */
const longestLook = 10_000;
const longestPreparation = 3000;

/** `WHERRY_VERIFY_URL`: asks it, and says how the answer fits what is expected. */
export class VerifyUrl {
  readonly #expected: Expectation;
  readonly #timeout: number;
  readonly #options: Omit<LookOptions, 'timeout'>;

  constructor(url: URL, settings: VerifySettings, env: NodeJS.ProcessEnv) {
    this.#expected = settings.verifyExpect;
    this.#timeout = settings.verifyTimeout;
    this.#options = { url, ...wayTo(url, settings, env) };
  }

  /** What is known of it before a set is published, as one short text. */
  async prepare(signal: AbortSignal): Promise<string> {
    const looked = await this.#ask(longestPreparation, signal);
    return traceText(this.#expected, looked.kind === 'answered' ? looked.response : undefined);
  }

  /** Whether anything answered before the set was published, as far as anybody knows. */
  wasUp(before: string | undefined): boolean {
    return parseTrace(before)?.up === true;
  }

  async look(before: string | undefined, signal: AbortSignal): Promise<Impression> {
    const looked = await this.#ask(longestLook, signal);
    const wanted = `WHERRY_VERIFY_EXPECT is ${expectationText(this.#expected)}`;
    if (looked.kind !== 'answered') return { kind: 'silent', said: `${looked.said}; ${wanted}` };
    const fault = faultOf(this.#expected, looked.response, parseTrace(before));
    if (fault === undefined) return { kind: 'good' };
    const found = fault === '' ? '' : `, ${this.#options.access.hide(oneLine(fault))}`;
    return { kind: 'bad', said: `${looked.said}${found}; ${wanted}` };
  }

  async #ask(longest: number, signal: AbortSignal): Promise<Look> {
    const { look } = await import('../reload/http/look.ts');
    return look({ ...this.#options, timeout: Math.min(this.#timeout, longest) }, signal);
  }
}

/** The way of the reload call holds where the same server is asked; user name and password of the URL itself win. */
function wayTo(
  url: URL,
  settings: VerifySettings,
  env: NodeJS.ProcessEnv,
): Required<Pick<LookOptions, 'access' | 'wording'>> {
  const reload = settings.reloadUrl?.find(({ origin }) => origin === url.origin);
  if (reload === undefined) return { access: accessTo(url, {}, env), wording: ownWording };
  const known = new URL(url);
  if (url.username === '' && url.password === '') {
    known.username = reload.username;
    known.password = reload.password;
  }
  return { access: accessTo(known, settings, env), wording: sharedWording };
}

const sharedWording: Wording = {
  url: 'WHERRY_VERIFY_URL',
  trust: 'put the certificate of its CA in WHERRY_RELOAD_CA',
};

const ownWording: Wording = {
  ...sharedWording,
  trust:
    'name its CA in NODE_EXTRA_CA_CERTS; WHERRY_RELOAD_CA holds only for the origin of WHERRY_RELOAD_URL',
};
