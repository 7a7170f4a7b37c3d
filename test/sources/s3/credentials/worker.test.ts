import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Link } from '../../../../src/sources/s3/credentials/chain.ts';
import { resolveOutside } from '../../../../src/sources/s3/credentials/resolve.ts';
import { followChain } from '../../../../src/sources/s3/credentials/worker/follow-chain.ts';
import type { CredentialJob } from '../../../../src/sources/s3/credentials/worker/job.ts';
import { inAnHour, startSts, stsError } from '../../../support/aws-services.ts';
import { startFake } from '../../../support/fake-http.ts';
import { fileWith, never } from './credentials-bench.ts';

const job = (link: Link, more: Partial<CredentialJob> = {}): CredentialJob => ({
  links: [link],
  only: true,
  region: 'us-east-1',
  proxyEnv: {},
  timeout: 15_000,
  ...more,
});

describe('the search', () => {
  test('ends in time whatever hangs, and names it', async () => {
    const agent = await startFake(() => undefined);
    const link = { kind: 'pod-identity', uri: agent.url, tokenFile: undefined } as const;
    expect(await followChain(job(link, { timeout: 300 }))).toEqual({
      kind: 'unreachable',
      details: {
        setting: 'WHERRY_S3_CREDENTIALS',
        problem: 'Pod Identity gave no credentials within 0.3 s',
        cure: 'check the way to it: network policies, the proxy',
      },
    });
  });
});

describe('the program', () => {
  test('that ends without an answer is told without its words', async () => {
    const link = { kind: 'ecs', uri: '/x', tokenFile: undefined } as const;
    const env = { NODE_OPTIONS: '--no-such-option' };
    await expect(resolveOutside(job(link), env, never)).rejects.toThrow(
      /^WHERRY_S3_CREDENTIALS: the program that asks for credentials ended with code \d+ and no answer; /,
    );
  });

  test('is not started after an abort', async () => {
    const reason = new Error('too late');
    const link = { kind: 'ecs', uri: '/x', tokenFile: undefined } as const;
    await expect(resolveOutside(job(link), {}, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test('that was built does its job', async () => {
    let calls = 0;
    const sts = await startSts(() => {
      calls += 1;
      return calls === 1
        ? stsError(503, 'ServiceUnavailable', 'wait')
        : { id: 'ASIA1', expiration: inAnHour() };
    });
    const tokenFile = await fileWith('web.token');
    const answer = await runBuilt(job({ kind: 'irsa', roleArn: 'arn:aws:iam::1:role/r', tokenFile }), {
      AWS_ENDPOINT_URL_STS: sts.url,
    });
    expect(answer).toMatchObject({ kind: 'found', credentials: { accessKeyId: 'ASIA1' } });
    expect(calls).toBe(2);
  });
});

async function runBuilt(asked: CredentialJob, env: Record<string, string>): Promise<unknown> {
  const { promise, resolve: done, reject } = Promise.withResolvers<string>();
  const child = execFile(
    process.execPath,
    [resolve('dist/aws-credentials-worker.cjs')],
    { env },
    (error, stdout) => (error === null ? done(stdout) : reject(error)),
  );
  child.stdin?.end(JSON.stringify(asked));
  return JSON.parse(await promise);
}
