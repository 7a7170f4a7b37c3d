import type { Bench } from '../bench.ts';
import type { Holding, Place } from './place.ts';

/** A repository that a server of its own process gives out. */
export function gitOver(scheme: 'http' | 'https'): (bench: Bench, holding: Holding) => Promise<Place> {
  return async (bench, { changes = 0, ...tree }) => {
    const fixture = await bench.fixture({ ...tree, changes });
    const server = await bench.serve(fixture, scheme);
    const { url, certificate } = server;
    const revisions = await fixture.revisions();
    return {
      name: `Git over ${scheme.toUpperCase()}`,
      settings: {
        WHERRY_GIT_REPO: url,
        ...(scheme === 'https' ? { WHERRY_GIT_CA_FILE: certificate } : {}),
      },
      git: scheme === 'https' ? { url, certificate } : { url },
      requests: () => server.requests(),
      change: (n) => fixture.moveTo(revisions[n - 1] ?? ''),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  };
}

/** A repository in a directory, which is watched. */
export async function gitInDirectory(bench: Bench, { changes = 0, ...tree }: Holding): Promise<Place> {
  const fixture = await bench.fixture({ ...tree, changes });
  const url = `file://${fixture.path}`;
  const revisions = await fixture.revisions();
  return {
    name: 'Git in a directory',
    settings: { WHERRY_GIT_REPO: url },
    git: { url },
    requests: undefined,
    change: (n) => fixture.moveTo(revisions[n - 1] ?? ''),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
