import type { Log } from '../../../platform/log.ts';
import type { CredentialSource, Credentials } from '../credentials/credentials.ts';
import type { Address } from './address.ts';
import type { Clock } from './clock.ts';
import type { ErrorAnswer } from './error-answer.ts';

export interface RepairOptions {
  readonly address: Address;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a request was sent with. */
export interface SentWith {
  readonly address: Address;
  readonly credentials: Credentials | undefined;
}

/** A refusal that may only mean "missing" is no reason to ask for other credentials with each poll. Milliseconds. */
const renewAgainAfter = 300_000;
const namesCredentials = new Set([
  'ExpiredToken',
  'InvalidToken',
  'TokenRefreshRequired',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
]);
const redirects = new Set([301, 302, 307, 308]);

/** What can be put right after an error: the region or the host, the time, the credentials. Each once a request. */
export class Repairs {
  readonly #options: RepairOptions;
  #address: Address;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #saidSkew = false;

  constructor(options: RepairOptions) {
    this.#options = options;
    this.#address = options.address;
  }

  /** Where the bucket is, as far as it is known. */
  get address(): Address {
    return this.#address;
  }

  /** True when the request is worth another try. `done` has what was tried for this request. */
  async repair(error: ErrorAnswer, sent: SentWith, done: Set<string>, signal: AbortSignal): Promise<boolean> {
    const once = (name: string) => !done.has(name) && done.add(name) !== undefined;
    // Another request may have put it right meanwhile.
    if (isOfAddress(error)) return sent.address !== this.#address || (once('address') && this.#move(error));
    if (isSkewed(error)) return once('time') && this.#setClock(error);
    if (error.status !== 403 && !namesCredentials.has(error.code ?? '')) return false;
    return once('credentials') && this.#renew(error, sent.credentials, signal);
  }

  /** A redirect led to where nobody answers any more: back to the address of the settings. True when that is another one. */
  goBack(sent: SentWith, done: Set<string>): boolean {
    const { address, log } = this.#options;
    if (sent.address === address || done.has('back')) return false;
    done.add('back');
    if (this.#address === sent.address) {
      this.#address = address;
      log.info(
        { from: sent.address.host, to: address.host },
        'the host that the store led to does not answer',
      );
    }
    return true;
  }

  #move(error: ErrorAnswer): boolean {
    const next = this.#next(error);
    if (next === undefined) return false;
    const { log } = this.#options;
    const [from, to] = [this.#address, next];
    this.#address = next;
    log.info(
      { from: `${from.host} (${from.region})`, to: `${to.host} (${to.region})` },
      'the bucket is elsewhere, as the store says; WHERRY_S3_REGION or WHERRY_S3_ENDPOINT would save the detour',
    );
    return true;
  }

  #next(error: ErrorAnswer): Address | undefined {
    const header = error.headers['x-amz-bucket-region'];
    const region = typeof header === 'string' ? header : error.details.get('Region');
    if (
      region !== undefined &&
      /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(region) &&
      region !== this.#address.region
    ) {
      return this.#address.inRegion(region);
    }
    const { location } = error.headers;
    const endpoint = error.details.get('Endpoint');
    const target = location ?? (endpoint === undefined ? undefined : `https://${endpoint}/`);
    return redirects.has(error.status) && target !== undefined ? this.#address.movedTo(target) : undefined;
  }

  #setClock(error: ErrorAnswer): boolean {
    const { clock, log } = this.#options;
    const skew = clock.adopt(error.headers.date);
    if (skew === undefined) return false;
    if (!this.#saidSkew) {
      this.#saidSkew = true;
      log.warn(
        { skewMs: skew },
        `this node’s clock is ${Math.abs(Math.round(skew / 1000))} s ${skew > 0 ? 'behind' : 'ahead of'} the store’s; requests are signed with the store’s time`,
      );
    }
    return true;
  }

  async #renew(error: ErrorAnswer, refused: Credentials | undefined, signal: AbortSignal): Promise<boolean> {
    if (refused === undefined) return false;
    const now = performance.now();
    if (!namesCredentials.has(error.code ?? '') && now - this.#renewedAt < renewAgainAfter) return false;
    this.#renewedAt = now;
    return await this.#options.credentials.renew(refused, signal);
  }
}

/** The answer to a HEAD has no body that would name the error. */
function isOfAddress({ status, code, headers }: ErrorAnswer): boolean {
  if (redirects.has(status)) return true;
  if (status !== 400) return false;
  return (
    code === 'AuthorizationHeaderMalformed' ||
    (code === undefined && headers['x-amz-bucket-region'] !== undefined)
  );
}

/** AWS allows a quarter of an hour. */
const allowedSkew = 840_000;

function isSkewed({ status, code, headers }: ErrorAnswer): boolean {
  if (code !== undefined || status !== 403) return code === 'RequestTimeTooSkewed';
  return headers.date !== undefined && Math.abs(Date.parse(headers.date) - Date.now()) > allowedSkew;
}
