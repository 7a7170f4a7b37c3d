import { formatDuration } from '../../platform/units.ts';
import { type Access, shownUrl } from './access.ts';
import { describe } from './answer.ts';
import { headersOfQuestion } from './call.ts';
import { cureOfError, messageOf, reloadWording, type Wording } from './errors.ts';
import { CallTimeout, exchange, type Response } from './exchange.ts';

/** What one GET brought. `said` is one line for people, and holds no secret. */
export type Look =
  | { readonly kind: 'answered'; readonly response: Response; readonly said: string }
  /** Refused, reset, timed out: the application is not up. */
  | { readonly kind: 'silent'; readonly said: string }
  /** It cannot be asked like this. */
  | { readonly kind: 'impossible'; readonly said: string };

export interface LookOptions {
  readonly url: URL;
  readonly access: Access;
  /** Milliseconds. */
  readonly timeout: number;
  readonly wording?: Wording;
}

/** Statistics and metrics are long. Bytes. */
const keptBody = 4 * 1024 * 1024;

/** Asks once. Rejects only with the signal's reason. */
export async function look(options: LookOptions, signal: AbortSignal): Promise<Look> {
  const { url, access, timeout, wording = reloadWording } = options;
  const headers = headersOfQuestion(access);
  const shown = { method: 'GET', url: shownUrl(url) };
  signal.throwIfAborted();
  try {
    const request = { url, method: 'GET', headers, body: undefined, access, timeout, keep: keptBody };
    const response = await exchange(request, signal);
    return { kind: 'answered', response, said: describe(shown, response, access.hide, 300) };
  } catch (error) {
    signal.throwIfAborted();
    const asked = `GET ${shown.url}`;
    if (error instanceof CallTimeout) {
      return { kind: 'silent', said: `${asked}: no whole answer within ${formatDuration(timeout)}` };
    }
    const said = `${asked}: ${access.hide(messageOf(error))}`;
    const cure = cureOfError(error, wording);
    return cure === undefined ? { kind: 'silent', said } : { kind: 'impossible', said: `${said}; ${cure}` };
  }
}
