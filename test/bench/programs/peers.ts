import type { Bench } from '../bench.ts';
import { AwsS3Sync } from './aws-s3-sync.ts';
import { GitSync } from './git-sync.ts';
import type { Program } from './program.ts';

/** What can be put beside Wherry, given the path of its program. */
const adapters = {
  'git-sync': (bench: Bench, path: string): Program => new GitSync(bench, path),
  'aws-s3-sync': (bench: Bench, path: string): Program => new AwsS3Sync(bench, path),
} as const;

export type PeerName = keyof typeof adapters;

export const peerNames = Object.keys(adapters) as readonly PeerName[];

export type PeerPaths = ReadonlyMap<PeerName, string>;

export function peersOf(bench: Bench, paths: PeerPaths): readonly Program[] {
  return [...paths].map(([name, path]) => adapters[name](bench, path));
}
