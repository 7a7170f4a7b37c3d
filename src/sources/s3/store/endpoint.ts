import { SettingsError } from '../../../failure/failure.ts';
import type { Settings } from '../../../settings/schema.ts';

export interface Endpoint {
  readonly url: URL;
  /** What named it. */
  readonly setting: string;
}

/** The endpoint of the settings, else of AWS's own variables; undefined = AWS. */
export function endpointOf({ s3Endpoint }: Settings, env: NodeJS.ProcessEnv): Endpoint | undefined {
  if (s3Endpoint !== undefined) return checked(s3Endpoint, 'WHERRY_S3_ENDPOINT');
  if (flag(env, 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS')) return undefined;
  const setting = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'].find((name) => (env[name] ?? '') !== '');
  const text = setting === undefined ? undefined : env[setting];
  if (setting === undefined || text === undefined) return undefined;
  if (!URL.canParse(text)) throw notAnEndpoint(setting);
  return checked(new URL(text), setting);
}

function checked(url: URL, setting: string): Endpoint {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw notAnEndpoint(setting);
  if (url.username !== '' || url.password !== '') {
    throw new SettingsError({
      setting,
      problem: 'the endpoint holds a user name or password',
      cure: 'give credentials by WHERRY_S3_ACCESS_KEY_ID and WHERRY_S3_SECRET_ACCESS_KEY',
    });
  }
  if (url.search !== '' || url.hash !== '') throw notAnEndpoint(setting);
  return { url, setting };
}

function notAnEndpoint(setting: string): SettingsError {
  return new SettingsError({
    setting,
    problem: 'the value is not an http:// or https:// URL of a host, with or without a port and a path',
  });
}

/** The region that requests are signed for. */
export function regionOf({ s3Region }: Settings, env: NodeJS.ProcessEnv): string {
  if (s3Region !== undefined) return s3Region;
  const setting = ['AWS_REGION', 'AWS_DEFAULT_REGION'].find((name) => (env[name] ?? '') !== '');
  const region = setting === undefined ? 'us-east-1' : (env[setting] ?? '');
  if (/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(region)) return region;
  throw new SettingsError({
    setting: setting ?? 'WHERRY_S3_REGION',
    problem: `"${region}" is not a region such as eu-central-1`,
  });
}

/** A switch of AWS's own: `true`, in any case. */
export function flag(env: NodeJS.ProcessEnv, name: string): boolean {
  return env[name]?.toLowerCase() === 'true';
}
