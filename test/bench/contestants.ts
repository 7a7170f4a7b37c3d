import type { Bench } from './bench.ts';
import type { Run } from './measure.ts';
import type { Place } from './places/place.ts';
import { plainCommand } from './programs/plain.ts';
import { Wherry } from './programs/wherry.ts';

/** Who brings a set once. */
export interface Contestant {
  readonly role: 'wherry' | 'node' | 'plain' | 'peer';
  readonly name: string;
  readonly run: (directory: string) => Run;
}

/** Wherry, with each of these settings, a bare Node, the plain command and the peers that can. */
export function contestantsFor(
  bench: Bench,
  place: Place,
  settings: readonly Readonly<Record<string, string>>[],
): readonly Contestant[] {
  const { env, directory: cwd } = bench;
  const plain = plainCommand(bench, place);
  // The AWS CLI is the plain command already.
  const peers = bench.peers.filter((peer) => peer.takes(place) && place.s3 === undefined);
  return [
    ...settings.map((chosen): Contestant => {
      const words = Object.entries(chosen).map(([name, value]) => `, ${name}=${value}`);
      const wherry = new Wherry(bench, chosen);
      return {
        role: 'wherry',
        name: `wherry init${words.join('')}`,
        run: (path) => wherry.once(place, path),
      };
    }),
    { role: 'node', name: 'node -e 0', run: () => ({ command: [process.execPath, '-e', '0'], env, cwd }) },
    ...(plain === undefined ? [] : [{ role: 'plain' as const, ...plain }]),
    ...peers.map(
      (peer): Contestant => ({ role: 'peer', name: peer.name, run: (path) => peer.once(place, path) }),
    ),
  ];
}
