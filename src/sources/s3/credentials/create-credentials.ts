import type { Log } from '../../../platform/log.ts';
import { proxyVariables } from '../../../platform/proxy.ts';
import type { Settings } from '../../../settings/schema.ts';
import { type ChainKind, describe, filesOf, homeOf, type Link, onlyLink, wholeChain } from './chain.ts';
import type { CredentialSource } from './credentials.ts';
import { aws } from './names.ts';
import { RenewedCredentials } from './renewed-credentials.ts';
import {
  environmentCredentials,
  missingPair,
  StaticCredentials,
  type StaticSettings,
  settingsCredentials,
} from './static-credentials.ts';

export interface CredentialOptions {
  readonly settings: StaticSettings & Pick<Settings, 's3Credentials' | 's3Region' | 's3Endpoint'>;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** For tests. */
  readonly now?: () => number;
  readonly random?: () => number;
}

/** Milliseconds for finding credentials, whatever hangs. */
const timeout = 15_000;

/**
 * The credentials that WHERRY_S3_CREDENTIALS asks for. Nothing is asked before the first `get`; what the variables
 * tell to be wrong is a `SettingsError` at once.
 */
export function createCredentials(options: CredentialOptions): CredentialSource {
  const { settings, env } = options;
  const kind = settings.s3Credentials;
  switch (kind) {
    case 'anonymous':
      return new StaticCredentials('anonymous', undefined);
    case 'settings': {
      const found = settingsCredentials(settings);
      if (found === undefined) throw missingPair(kind);
      return found;
    }
    case 'environment': {
      const found = environmentCredentials(env);
      if (found === undefined) throw missingPair(kind);
      return found;
    }
    case 'auto':
      return settingsCredentials(settings) ?? automatic(options);
    case 'shared-files':
    case 'irsa':
    case 'pod-identity':
    case 'ecs':
    case 'imds':
      return named(kind, options);
  }
}

/** As the SDK does it: a profile that is named goes before the variables. */
function automatic(options: CredentialOptions): CredentialSource {
  const { env } = options;
  const fromEnvironment = environmentCredentials(env);
  const hasProfile = Boolean(env[aws.profile]);
  if (fromEnvironment !== undefined && !hasProfile) return fromEnvironment;
  const reason = hasProfile
    ? `${aws.profile} is set, which goes before them`
    : `${aws.accessKeyId} is not set`;
  const links: readonly Link[] = [
    { kind: 'none', name: 'environment variables', reason },
    ...wholeChain(env),
  ];
  const note =
    fromEnvironment === undefined ? '' : `, which ${aws.profile} puts before the environment variables`;
  return renewed(links, { ...options, only: false, description: 'the AWS chain', note });
}

function named(kind: ChainKind, options: CredentialOptions): CredentialSource {
  const link = onlyLink(kind, options.env);
  return renewed([link], { ...options, only: true, description: describe(link), note: '' });
}

interface ChainOptions extends CredentialOptions {
  readonly only: boolean;
  readonly description: string;
  readonly note: string;
}

function renewed(links: readonly Link[], options: ChainOptions): CredentialSource {
  const { settings, env, only, description, note, log, now, random } = options;
  const proxyEnv = proxyVariables(env);
  const region = stsRegion(settings, env);
  return new RenewedCredentials({
    description,
    files: links.flatMap(filesOf),
    log,
    ...(now === undefined ? {} : { now }),
    ...(random === undefined ? {} : { random }),
    find: async (signal) => {
      const { resolveOutside } = await import('./resolve.ts');
      const job = { links, only, region, proxyEnv, timeout };
      const { link, credentials } = await resolveOutside(job, { ...inherited(env), ...proxyEnv }, signal);
      const isProfile = link.kind === 'shared-files';
      return { credentials, description: `${describe(link)}${isProfile ? note : ''}` };
    },
  });
}

/** The region of a bucket of AWS is one of STS too; another store's is not. */
function stsRegion({ s3Region, s3Endpoint }: CredentialOptions['settings'], env: NodeJS.ProcessEnv): string {
  const own = s3Endpoint === undefined ? s3Region : undefined;
  return env[aws.region] || env[aws.defaultRegion] || own || 'us-east-1';
}

/** How to find programs, certificates and a place for temporary files: for the SDK, and a command of a profile. */
const names = [
  'PATH',
  'LD_LIBRARY_PATH',
  'TMPDIR',
  'TZ',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'NODE_COMPILE_CACHE',
];

function inherited(env: NodeJS.ProcessEnv): Record<string, string> {
  const own = Object.entries(env).flatMap(([name, value]): [string, string][] =>
    value !== undefined && (name.startsWith('AWS_') || names.includes(name)) ? [[name, value]] : [],
  );
  return { ...Object.fromEntries(own), HOME: homeOf(env) };
}
