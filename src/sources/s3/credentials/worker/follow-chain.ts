import {
  DeniedError,
  type Failure,
  SettingsError,
  toFailure,
  UnreachableError,
} from '../../../../failure/failure.ts';
import { withDeadline } from '../../../../platform/deadline.ts';
import { oneLine } from '../../../../platform/one-line.ts';
import { describe, type Link } from '../chain.ts';
import { chosenBy } from '../names.ts';
import { ask } from './ask.ts';
import type { Asked } from './asked.ts';
import type { CredentialAnswer, CredentialJob } from './job.ts';

/**
 * Asks link by link for credentials. One that is not configured makes room for the next; one that is configured and
 * fails ends it, since what comes after it could be the role of the node.
 */
export async function followChain(job: CredentialJob): Promise<CredentialAnswer> {
  const tried: string[] = [];
  let name = 'nothing';
  const late = () =>
    new UnreachableError({
      setting: chosenBy,
      problem: `${name} gave no credentials within ${job.timeout / 1000} s`,
      cure: 'check the way to it: network policies, the proxy',
    });
  try {
    return await withDeadline(job.timeout, new AbortController().signal, late, async ({ signal }) => {
      for (const link of job.links) {
        name = describe(link);
        const asked = await orAbort(askLink(link, job), signal);
        if (asked.kind === 'found') return { kind: 'found', link, credentials: asked.credentials };
        tried.push(link.kind === 'none' ? `${link.name}: ${link.reason}` : `${name}: ${asked.reason}`);
      }
      throw nothingFound(tried);
    });
  } catch (error) {
    return told(toFailure(error));
  }
}

async function askLink(link: Link, job: CredentialJob): Promise<Asked> {
  switch (link.kind) {
    case 'none':
      return { kind: 'absent', reason: link.reason };
    case 'half':
      throw new SettingsError({
        setting: link.missing,
        problem: `is not set, and ${link.beside} is`,
        cure: `set ${link.missing} too, or remove ${link.beside}`,
      });
    case 'shared-files':
    case 'irsa':
    case 'pod-identity':
    case 'ecs':
    case 'imds':
      return ask(link, job);
  }
}

function nothingFound(tried: readonly string[]): DeniedError {
  return new DeniedError({
    setting: chosenBy,
    problem: `no credentials were found (${tried.join(' · ')})`,
    cure: 'bind the pod to a role by IRSA or Pod Identity, set WHERRY_S3_ACCESS_KEY_ID_FILE and WHERRY_S3_SECRET_ACCESS_KEY_FILE, or set WHERRY_S3_CREDENTIALS=anonymous for a public bucket',
  });
}

/** The SDK takes no signal: what goes on behind the answer ends with the process. */
function orAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

function told({ kind, details }: Failure): CredentialAnswer {
  const { setting, problem, cure } = details;
  return {
    kind: kind === 'settings' || kind === 'denied' || kind === 'unreachable' ? kind : 'unexpected',
    details: {
      ...(setting === undefined ? {} : { setting }),
      problem: oneLine(problem),
      ...(cure === undefined ? {} : { cure }),
    },
  };
}
