import {
  DeniedError,
  type Failure,
  type FailureDetails,
  systemCode,
  UnreachableError,
} from '../../../../failure/failure.ts';
import { isUntrusted, networkWords } from '../../../../platform/network-errors.ts';
import type { Link } from '../chain.ts';
import { aws } from '../names.ts';

/** What an AWS service answered, as the SDK throws it. */
interface ServiceError extends Error {
  readonly $metadata: { readonly httpStatusCode?: number };
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && '$fault' in error && '$metadata' in error;
}

interface Role {
  readonly setting: string;
  readonly role: string;
}

const cures: Readonly<Record<string, string>> = {
  AccessDenied: 'check that the role’s trust policy names this service account',
  InvalidIdentityToken: 'check that IAM knows the cluster’s OIDC provider, and the audience of the token',
  ExpiredTokenException: 'check the clock, and that the token’s file is a projected volume that is renewed',
};

/** STS gave no credentials for a role. */
export function stsFailure(error: unknown, { setting, role }: Role): Failure {
  if (isServiceError(error)) {
    const { httpStatusCode: status = 0 } = error.$metadata;
    const said = `${error.name}: ${error.message} (HTTP ${status})`;
    if (status >= 500 || status === 429 || /throttl/i.test(error.name)) {
      return new UnreachableError({ setting, problem: `STS cannot serve now: ${said}`, cure: 'wait' });
    }
    return new DeniedError({
      setting,
      problem: `STS refused the role ${role}: ${said}`,
      cure: cures[error.name] ?? 'check the role and its trust policy',
    });
  }
  return unreached(error, { setting, problem: `STS gave no credentials for the role ${role}` });
}

/** The profile's way to credentials failed. */
export function profileFailure(error: unknown, profile: string): Failure {
  const shown = JSON.stringify(profile);
  const setting = aws.profile;
  if (isServiceError(error)) return stsFailure(error, { setting, role: `of the profile ${shown}` });
  const message = error instanceof Error ? error.message : String(error);
  const missing = missingFile(error);
  if (missing !== undefined) {
    return new DeniedError({
      setting,
      problem: `the profile ${shown} names ${missing}, which cannot be read`,
      cure: 'mount the file there, or correct the profile',
    });
  }
  if (message.startsWith('Command failed')) {
    // What the command is, and what it said, may hold secrets.
    return new DeniedError({
      setting,
      problem: `the credential_process of the profile ${shown} failed`,
      cure: 'run its command by hand in this container to see why',
    });
  }
  if (systemCode(error) !== undefined || isTimeout(error)) {
    return unreached(error, { setting, problem: `the profile ${shown} gave no credentials` });
  }
  return new DeniedError({
    setting,
    problem: `the profile ${shown} gave no credentials: ${message}`,
    cure: 'correct the profile in the shared files',
  });
}

/** The agent beside the container gave no credentials. */
export function containerFailure(
  error: unknown,
  link: Extract<Link, { kind: 'pod-identity' | 'ecs' }>,
): Failure {
  const setting = link.kind === 'ecs' ? aws.containerRelativeUri : aws.containerFullUri;
  const message = inWords(error);
  const place = link.kind === 'ecs' ? `http://169.254.170.2${link.uri}` : link.uri;
  if (/^URL not accepted|Invalid URL/.test(message)) {
    return new DeniedError({
      setting,
      problem: `"${place}" cannot be the address of credentials`,
      cure: 'only https:// URLs, loopback and the addresses of the agents of ECS and EKS can',
    });
  }
  const [, status] = /responded with status: (\d+)/.exec(message) ?? [];
  if (status?.startsWith('4')) {
    const said = error instanceof Error && 'Message' in error && error.Message;
    return new DeniedError({
      setting,
      problem: `${place} refused credentials (HTTP ${status})${said ? `: ${said}` : ''}`,
      cure: 'check the association of the service account, or the task, with its role',
    });
  }
  return new UnreachableError({
    setting,
    problem: `${place} gave no credentials: ${message}`,
    cure: 'check that the agent runs on the node, and that no network policy is in its way',
  });
}

/** A parser quotes what it could not read, which may be a secret. */
function inWords(error: unknown): string {
  if (error instanceof SyntaxError) return 'its answer is no JSON';
  return networkWords(error).replace(/^Error: /, '');
}

/** After the address: why the instance's metadata service is of no help. */
export function whyNoMetadata(error: unknown): string {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (status === 404) return 'knows of no role of the instance (HTTP 404)';
  if (status !== undefined) return `refused (HTTP ${status})`;
  if (error instanceof Error && error.message.startsWith('TimeoutError')) return 'does not answer';
  return `does not help: ${inWords(error)}`;
}

function unreached(error: unknown, details: FailureDetails): Failure {
  const problem = `${details.problem}: ${networkWords(error)}`;
  if (isUntrusted(error)) {
    const cure = 'name the CA’s certificates in a file by NODE_EXTRA_CA_CERTS';
    return new DeniedError({ ...details, problem, cure });
  }
  const cure = 'check the way there: network policies, HTTPS_PROXY and NO_PROXY, the region in AWS_REGION';
  return new UnreachableError({ ...details, problem, cure });
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function missingFile(error: unknown): string | undefined {
  const code = systemCode(error);
  if (code !== 'ENOENT' && code !== 'EACCES') return undefined;
  return error instanceof Error && 'path' in error ? String(error.path) : undefined;
}
