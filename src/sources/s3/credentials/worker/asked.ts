import type { Credentials } from '../credentials.ts';

/** What a source says: credentials, or that it is not configured. */
export type Asked =
  | { readonly kind: 'found'; readonly credentials: Credentials }
  | { readonly kind: 'absent'; readonly reason: string };

/** Credentials as the SDK gives them. */
export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  readonly expiration?: Date | undefined;
}

export function found({ accessKeyId, secretAccessKey, sessionToken, expiration }: Identity): Asked {
  const time = expiration?.getTime() ?? Number.NaN;
  const expiresAt = Number.isNaN(time) ? undefined : time;
  return { kind: 'found', credentials: { accessKeyId, secretAccessKey, sessionToken, expiresAt } };
}
