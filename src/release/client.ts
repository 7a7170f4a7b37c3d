import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { SettingsError } from '../failure/failure.ts';
import { HttpAgents } from '../platform/http/http-agents.ts';
import { agentsSpeakToProxies, proxyVariables } from '../platform/proxy.ts';
import type { Settings } from '../settings/schema.ts';
import type { CredentialSource } from '../sources/s3/credentials/credentials.ts';
import { type Address, addressOf } from '../sources/s3/store/address.ts';
import { endpointOf } from '../sources/s3/store/endpoint.ts';

/** Milliseconds. */
const connectionTimeout = 10_000;
/** Nothing was heard or taken for so long: the other side is gone. */
const silence = 60_000;

export interface ClientPlan extends Disposable {
  readonly address: Address;
  readonly config: S3ClientConfig;
}

/** What the settings, which are those of a reader, mean to the SDK's client. */
export async function planClient(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  credentials: CredentialSource,
  parallel: number,
): Promise<ClientPlan> {
  const address = addressOf(settings, env);
  const endpoint = endpointOf(settings, env);
  const agents = new HttpAgents({
    ca: settings.s3Ca,
    proxyEnv: agentsSpeakToProxies(process.versions.node) ? proxyVariables(env) : {},
    maxFreeSockets: parallel,
    idle: silence,
  });
  const { agent: httpAgent } = await agents.transport(false);
  const { agent: httpsAgent } = await agents.transport(true);
  const config: S3ClientConfig = {
    region: address.region,
    forcePathStyle: address.style === 'path',
    ...(endpoint === undefined ? {} : { endpoint: endpoint.url.href }),
    followRegionRedirects: endpoint === undefined,
    ...identityOf(settings, credentials),
    // Other stores trip over the checksums that AWS's client adds; each content goes with its SHA-256 anyway.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The client would wait for an answer that some stores never give, on connections that it makes for that.
    expectContinueHeader: false,
    maxAttempts: 3,
    // Its warnings are about streams, which are tried again here.
    logger: { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore },
    requestHandler: { httpAgent, httpsAgent, connectionTimeout, socketTimeout: silence },
  };
  return { address, config, [Symbol.dispose]: () => agents[Symbol.dispose]() };
}

function ignore(): void {}

function identityOf(settings: Settings, source: CredentialSource): Partial<S3ClientConfig> {
  if (settings.s3Credentials === 'anonymous') {
    return {
      credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' },
      // The client has no other way not to sign.
      signer: { sign: async (request) => request },
    };
  }
  return {
    credentials: async () => {
      const found = await source.get(new AbortController().signal);
      if (found === undefined) {
        throw new SettingsError({
          setting: 'WHERRY_S3_CREDENTIALS',
          problem: 'no credentials were found',
          cure: 'set WHERRY_S3_ACCESS_KEY_ID and WHERRY_S3_SECRET_ACCESS_KEY, or those of AWS',
        });
      }
      const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = found;
      return {
        accessKeyId,
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
        ...(expiresAt === undefined ? {} : { expiration: new Date(expiresAt) }),
      };
    },
  };
}
