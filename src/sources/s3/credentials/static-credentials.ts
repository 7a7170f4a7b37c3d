import { SettingsError } from '../../../failure/failure.ts';
import type { Settings } from '../../../settings/schema.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import { aws, chosenBy } from './names.ts';

/** Credentials that stay what they are as long as the process runs, or none at all. */
export class StaticCredentials implements CredentialSource {
  readonly description: string;
  readonly #credentials: Credentials | undefined;

  constructor(description: string, credentials: Credentials | undefined) {
    this.description = description;
    this.#credentials = credentials;
  }

  async get(signal: AbortSignal): Promise<Credentials | undefined> {
    signal.throwIfAborted();
    return this.#credentials;
  }

  async renew(): Promise<boolean> {
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export type StaticSettings = Pick<Settings, 's3AccessKeyId' | 's3SecretAccessKey' | 's3SessionToken'>;

/** Those of the settings; undefined where none are set. Files are read anew by whoever reads the settings. */
export function settingsCredentials(settings: StaticSettings): StaticCredentials | undefined {
  const found = pair({
    accessKeyId: { name: 'WHERRY_S3_ACCESS_KEY_ID', value: settings.s3AccessKeyId },
    secretAccessKey: { name: 'WHERRY_S3_SECRET_ACCESS_KEY', value: settings.s3SecretAccessKey },
    sessionToken: { name: 'WHERRY_S3_SESSION_TOKEN', value: settings.s3SessionToken },
  });
  return found && new StaticCredentials('settings', { ...found, expiresAt: undefined });
}

/** Those of the AWS variables; undefined where none are set. */
export function environmentCredentials(env: NodeJS.ProcessEnv): StaticCredentials | undefined {
  const variable = (name: string) => ({ name, value: env[name] || undefined });
  const found = pair({
    accessKeyId: variable(aws.accessKeyId),
    secretAccessKey: variable(aws.secretAccessKey),
    sessionToken: variable(aws.sessionToken),
  });
  const expiresAt = Date.parse(env[aws.expiration] ?? '');
  return (
    found &&
    new StaticCredentials('environment variables', {
      ...found,
      expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
    })
  );
}

interface Value {
  readonly name: string;
  readonly value: string | undefined;
}

type Pair = Readonly<Record<'accessKeyId' | 'secretAccessKey' | 'sessionToken', Value>>;

/** Half of a pair never counts as none: that would fall through to the role of the node. */
function pair({
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: Pair): Omit<Credentials, 'expiresAt'> | undefined {
  for (const { name, value } of [accessKeyId, secretAccessKey, sessionToken]) {
    if (value === undefined || /^[\x21-\x7e]+$/.test(value)) continue;
    throw new SettingsError({
      setting: name,
      problem: 'the value holds spaces, line breaks or other characters that no credentials have',
      cure: 'set it to the bare value; a secret made with echo has a line break at its end',
    });
  }
  const whole = [accessKeyId, secretAccessKey];
  const given = [...whole, sessionToken].find(({ value }) => value !== undefined);
  if (given === undefined) return undefined;
  if (accessKeyId.value === undefined || secretAccessKey.value === undefined) {
    const missing = accessKeyId.value === undefined ? accessKeyId : secretAccessKey;
    throw new SettingsError({
      setting: missing.name,
      problem: `is not set, and ${given.name} is`,
      cure: `set ${missing.name} too, or remove ${given.name}`,
    });
  }
  return {
    accessKeyId: accessKeyId.value,
    secretAccessKey: secretAccessKey.value,
    sessionToken: sessionToken.value,
  };
}

/** What was asked for by name and is not there. */
export function missingPair(kind: 'settings' | 'environment'): SettingsError {
  const [id, secret] =
    kind === 'settings'
      ? ['WHERRY_S3_ACCESS_KEY_ID', 'WHERRY_S3_SECRET_ACCESS_KEY']
      : [aws.accessKeyId, aws.secretAccessKey];
  return new SettingsError({
    setting: id,
    problem: `is not set, and ${chosenBy}=${kind} needs it`,
    cure: `set ${id} and ${secret}`,
  });
}
