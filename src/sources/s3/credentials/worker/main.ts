import { enableCompileCache } from 'node:module';
import { text } from 'node:stream/consumers';
import type { CredentialAnswer, CredentialJob } from './job.ts';

/** The program that knows the AWS SDK: takes one job, answers, and ends. */
async function main(): Promise<CredentialAnswer> {
  const job: CredentialJob = JSON.parse(await text(process.stdin));
  enableCompileCache();
  const { followChain } = await import('./follow-chain.ts');
  return followChain(job);
}

const crashed = (error: unknown): CredentialAnswer => ({
  kind: 'unexpected',
  details: { problem: `the AWS SDK failed: ${error instanceof Error ? error.message : String(error)}` },
});

void main()
  .catch(crashed)
  // Connections that the SDK keeps alive keep the process from ending by itself.
  .then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`, () => process.exit(0)));
