export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  /** Milliseconds since 1970; undefined = not known, or never. */
  readonly expiresAt: number | undefined;
}

/** Where the credentials of requests come from. */
export interface CredentialSource extends AsyncDisposable {
  /** In words, for people: `environment variables`, `IRSA (web identity)`; never a secret. Known after the first `get`. */
  readonly description: string;
  /** Undefined = requests are not signed. Cheap when nothing has changed. Rejects with the `Failure` that fits. */
  get(signal: AbortSignal): Promise<Credentials | undefined>;
  /** The store refused these: looks for others. True when others came of it. */
  renew(refused: Credentials | undefined, signal: AbortSignal): Promise<boolean>;
}
