import { UnexpectedError } from '../../failure/failure.ts';
import type { Asked } from './failures.ts';
import { GitError, runGit } from './git-command.ts';
import { judgeGit } from './git-verdict.ts';
import { isObjectId, type Ref, type RefReader, type Refs } from './refs.ts';
import type { Session } from './session.ts';

/** Reads refs by starting `git ls-remote`: for SSH, and for what the probe in process cannot do. */
export class LsRemote implements RefReader {
  readonly #open: () => Promise<Session>;
  readonly #asked: Asked;

  constructor(open: () => Promise<Session>, asked: Asked) {
    this.#open = open;
    this.#asked = asked;
  }

  async read(names: readonly string[] | undefined, signal: AbortSignal): Promise<Refs> {
    await using session = await this.#open();
    const patterns = (names ?? []).flatMap((name) => [name, `${name}^{}`]);
    try {
      const output = await runGit({
        args: ['ls-remote', '--', session.url, ...patterns],
        cwd: '/',
        // Wherever that is, it is no repository.
        env: session.environment('/dev/null'),
        signal,
      });
      const refs = parseLsRemote(output);
      return names === undefined ? refs : new Map([...refs].filter(([name]) => names.includes(name)));
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      const verdict = judgeGit(error.stderr, this.#asked, error);
      if (verdict.kind === 'failure' || verdict.kind === 'doubtful') throw verdict.failure;
      throw new UnexpectedError({ problem: `${this.#asked.display}: ${error.message}`, cause: error });
    }
  }
}

/** Lines of `<oid> TAB <name>`; the object of an annotated tag comes as `<name>^{}`. */
export function parseLsRemote(output: string): Refs {
  const refs = new Map<string, Ref>();
  for (const line of output.split('\n')) {
    const [oid, name] = line.split('\t');
    if (oid === undefined || name === undefined || !isObjectId(oid)) continue;
    if (name.endsWith('^{}')) {
      const tag = name.slice(0, -3);
      const known = refs.get(tag);
      if (known !== undefined) refs.set(tag, { ...known, peeled: oid });
    } else refs.set(name, { oid });
  }
  return refs;
}
