import { fromHttp, fromInstanceMetadata, fromTokenFile } from '@aws-sdk/credential-providers';
import { DeniedError } from '../../../../failure/failure.ts';
import type { Link } from '../chain.ts';
import { aws } from '../names.ts';
import { askSharedFiles } from './ask-shared-files.ts';
import { type Asked, found, type Identity } from './asked.ts';
import { containerFailure, stsFailure, whyNoMetadata } from './failures.ts';
import type { CredentialJob } from './job.ts';
import { readFileOf } from './read-file.ts';
import { requestHandler } from './request-handler.ts';

/** Milliseconds for one answer of the container's agent, which may still be starting beside the pod. */
const agentPatience = 1000;
const agentRetries = 2;

type Askable = Exclude<Link, { readonly kind: 'none' | 'half' }>;

/** Asks one source by the SDK. What is configured and fails, throws. */
export async function ask(link: Askable, job: CredentialJob): Promise<Asked> {
  switch (link.kind) {
    case 'shared-files':
      return askSharedFiles(link, job);
    case 'irsa':
      return found(await askIrsa(link, job));
    case 'pod-identity':
    case 'ecs':
      return found(await askContainer(link));
    case 'imds':
      return askMetadata(link, job);
  }
}

async function askIrsa(link: Extract<Link, { kind: 'irsa' }>, job: CredentialJob): Promise<Identity> {
  const { tokenFile, roleArn } = link;
  await readFileOf(aws.webIdentityTokenFile, tokenFile);
  const clientConfig = { region: job.region, requestHandler: requestHandler(job.proxyEnv) };
  try {
    return await fromTokenFile({ roleArn, webIdentityTokenFile: tokenFile, clientConfig })();
  } catch (error) {
    throw stsFailure(error, { setting: aws.roleArn, role: roleArn });
  }
}

async function askContainer(link: Extract<Link, { kind: 'pod-identity' | 'ecs' }>): Promise<Identity> {
  const { kind, uri, tokenFile } = link;
  if (tokenFile !== undefined) await readFileOf(aws.containerTokenFile, tokenFile);
  // The SDK takes the relative address where both are set, also when the other one was asked for.
  if (kind === 'pod-identity') delete process.env[aws.containerRelativeUri];
  const place =
    kind === 'ecs' ? { awsContainerCredentialsRelativeUri: uri } : { awsContainerCredentialsFullUri: uri };
  try {
    return await fromHttp({ ...place, timeout: agentPatience, maxRetries: agentRetries })();
  } catch (error) {
    throw containerFailure(error, link);
  }
}

async function askMetadata(
  { endpoint }: Extract<Link, { kind: 'imds' }>,
  { only }: CredentialJob,
): Promise<Asked> {
  try {
    return found(await fromInstanceMetadata({})());
  } catch (error) {
    const reason = `${endpoint} ${whyNoMetadata(error)}`;
    if (!only) return { kind: 'absent', reason };
    throw new DeniedError({
      setting: 'WHERRY_S3_CREDENTIALS',
      problem: `the instance's metadata service at ${reason}`,
      cure: 'let pods reach it (a hop limit of 2, no network policy against it), give the instance a role, or use IRSA or Pod Identity',
    });
  }
}
