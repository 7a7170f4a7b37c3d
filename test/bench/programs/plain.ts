import { join } from 'node:path';
import type { Bench } from '../bench.ts';
import type { Run } from '../measure.ts';
import type { Place } from '../places/place.ts';
import { aws } from '../s3/peers.ts';

export interface PlainCommand {
  readonly name: string;
  /** Brings everything into a directory that exists. */
  readonly run: (directory: string) => Run;
}

/** What somebody without any sidecar calls once; undefined where there is nothing, or it is not installed. */
export function plainCommand(bench: Bench, { git, s3 }: Place): PlainCommand | undefined {
  const { env, directory: cwd, aws: program } = bench;
  if (git !== undefined) {
    const { url, certificate } = git;
    const trust = certificate === undefined ? {} : { GIT_SSL_CAINFO: certificate };
    const command = ['git', 'clone', '-q', '--depth', '1', url];
    return {
      name: 'git clone --depth 1',
      run: (directory) => ({ command: [...command, directory], env: { ...env, ...trust }, cwd }),
    };
  }
  if (s3 === undefined || program === undefined) return undefined;
  const action = s3.holds === 'prefix' ? 'sync' : 'cp';
  const words = [action, '--quiet'];
  return {
    name: `aws s3 ${action}`,
    run: (directory) => aws(program, words, s3, join(directory, 'copy'), { env, cwd }),
  };
}
