import { homedir } from 'node:os';
import { join } from 'node:path';
import { SettingsError } from '../../../failure/failure.ts';
import { aws, chosenBy } from './names.ts';

/** One place where credentials may be found, as far as the variables tell. */
export type Link =
  | {
      readonly kind: 'shared-files';
      readonly profile: string;
      /** The variables that name the profile and the files, where they are set. */
      readonly profileSetting: string | undefined;
      readonly filesSetting: string | undefined;
      readonly credentialsFile: string;
      readonly configFile: string;
    }
  | { readonly kind: 'irsa'; readonly roleArn: string; readonly tokenFile: string }
  | {
      readonly kind: 'pod-identity' | 'ecs';
      readonly uri: string;
      readonly tokenFile: string | undefined;
    }
  | { readonly kind: 'imds'; readonly endpoint: string }
  /** Not configured, with the reason. */
  | { readonly kind: 'none'; readonly name: string; readonly reason: string }
  /** Half configured, which is a mistake where the chain comes to it. */
  | { readonly kind: 'half'; readonly missing: string; readonly beside: string };

/** Those that the AWS SDK resolves, by the names of the setting. */
export type ChainKind = 'shared-files' | 'irsa' | 'pod-identity' | 'ecs' | 'imds';

/** A source's name in words, for the status and the log. */
export function describe(link: Link): string {
  switch (link.kind) {
    case 'shared-files':
      return `shared files (profile ${JSON.stringify(link.profile)})`;
    case 'irsa':
      return `IRSA (role ${link.roleArn})`;
    case 'pod-identity':
      return 'Pod Identity';
    case 'ecs':
      return 'ECS task role';
    case 'imds':
      return 'instance role (IMDS)';
    case 'none':
      return link.name;
    case 'half':
      return 'IRSA';
  }
}

/** The rest of the AWS chain after the variables, in its order. */
export function wholeChain(env: NodeJS.ProcessEnv): readonly Link[] {
  return [sharedFiles(env), irsa(env), container(env), imds(env)];
}

/** One source alone. What it cannot do without is missing at once, and not when it is asked. */
export function onlyLink(kind: ChainKind, env: NodeJS.ProcessEnv): Link {
  switch (kind) {
    case 'shared-files':
      return sharedFiles(env);
    case 'irsa':
      demand(env, [aws.roleArn, aws.webIdentityTokenFile], kind);
      return irsa(env);
    case 'pod-identity':
      demand(env, [aws.containerFullUri], kind);
      return podIdentity(env);
    case 'ecs':
      demand(env, [aws.containerRelativeUri], kind);
      return ecs(env);
    case 'imds':
      return { kind: 'imds', endpoint: metadataEndpoint(env) };
  }
}

/** Its files: a change of one may be a change of the credentials. */
export function filesOf(link: Link): readonly string[] {
  switch (link.kind) {
    case 'shared-files':
      return [link.credentialsFile, link.configFile];
    case 'irsa':
      return [link.tokenFile];
    case 'pod-identity':
    case 'ecs':
      return link.tokenFile === undefined ? [] : [link.tokenFile];
    case 'imds':
    case 'none':
    case 'half':
      return [];
  }
}

/** The home directory for the shared files; a user without one has `/`. */
export function homeOf({ HOME }: NodeJS.ProcessEnv): string {
  if (HOME !== undefined && HOME !== '') return HOME;
  try {
    return homedir();
  } catch {
    return '/';
  }
}

function sharedFiles(env: NodeJS.ProcessEnv): Link {
  const directory = join(homeOf(env), '.aws');
  const files = [aws.credentialsFile, aws.configFile];
  return {
    kind: 'shared-files',
    profile: env[aws.profile] || 'default',
    profileSetting: env[aws.profile] ? aws.profile : undefined,
    filesSetting: files.find((name) => env[name]),
    credentialsFile: env[aws.credentialsFile] || join(directory, 'credentials'),
    configFile: env[aws.configFile] || join(directory, 'config'),
  };
}

function irsa(env: NodeJS.ProcessEnv): Link {
  const roleArn = env[aws.roleArn];
  const tokenFile = env[aws.webIdentityTokenFile];
  if (roleArn && tokenFile) return { kind: 'irsa', roleArn, tokenFile };
  if (roleArn) return { kind: 'half', missing: aws.webIdentityTokenFile, beside: aws.roleArn };
  if (tokenFile) return { kind: 'half', missing: aws.roleArn, beside: aws.webIdentityTokenFile };
  return none('IRSA', `${aws.roleArn} and ${aws.webIdentityTokenFile} are not set`);
}

/** The SDK takes the relative address where both are set. */
function container(env: NodeJS.ProcessEnv): Link {
  if (env[aws.containerRelativeUri]) return ecs(env);
  if (env[aws.containerFullUri]) return podIdentity(env);
  return none('Pod Identity and ECS', `${aws.containerFullUri} and ${aws.containerRelativeUri} are not set`);
}

function podIdentity(env: NodeJS.ProcessEnv): Link {
  return {
    kind: 'pod-identity',
    uri: env[aws.containerFullUri] ?? '',
    tokenFile: env[aws.containerTokenFile] || undefined,
  };
}

function ecs(env: NodeJS.ProcessEnv): Link {
  return {
    kind: 'ecs',
    uri: env[aws.containerRelativeUri] ?? '',
    tokenFile: env[aws.containerTokenFile] || undefined,
  };
}

function imds(env: NodeJS.ProcessEnv): Link {
  const disabled = env[aws.metadataDisabled];
  if (!disabled || disabled === 'false') return { kind: 'imds', endpoint: metadataEndpoint(env) };
  return none('instance role (IMDS)', `${aws.metadataDisabled} is set`);
}

function metadataEndpoint(env: NodeJS.ProcessEnv): string {
  const isIpv6 = /^ipv6$/i.test(env[aws.metadataMode] ?? '');
  return env[aws.metadataEndpoint] || (isIpv6 ? 'http://[fd00:ec2::254]' : 'http://169.254.169.254');
}

function none(name: string, reason: string): Link {
  return { kind: 'none', name, reason };
}

function demand(env: NodeJS.ProcessEnv, names: readonly string[], kind: ChainKind): void {
  const missing = names.find((name) => !env[name]);
  if (missing === undefined) return;
  throw new SettingsError({
    setting: missing,
    problem: `is not set, and ${chosenBy}=${kind} needs it`,
    cure: 'bind the pod to its role so that the variable is injected, or choose where the credentials come from',
  });
}
