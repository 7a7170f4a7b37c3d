import type { Request, RequestOutcome, Wish } from '../engine/machine/request.ts';
import { SettingsError } from '../failure/failure.ts';
import { isGitRef } from '../settings/git-ref.ts';
import type { Revision } from '../snapshot/entry.ts';
import { splitRevisions } from '../snapshot/layer-revisions.ts';

/** The names of the commands, and of the routes. */
const wishActions = ['hold', 'pin', 'resume', 'rollback'] as const satisfies readonly Wish['action'][];

const results: readonly RequestOutcome['result'][] = ['done', 'under-way', 'refused'];
/** No name that git knows is longer. */
const longestRevision = 255;
/** Of all layers together. */
const longestOfLayers = 16 * 1024;

/** The wish in a person's words. Throws a `SettingsError` when it needs a revision and has none that can be. */
export function wishOf(action: Wish['action'], revision: string | undefined): Wish {
  if (action !== 'pin') return { action };
  if (revision === undefined || revision === '') {
    throw new SettingsError({
      problem: 'pin: no revision was named',
      cure: 'name a commit, a tag or a branch: wherry pin REVISION',
    });
  }
  if (!isRevision(revision)) {
    const shown = revision.length > 80 ? `${revision.slice(0, 80)}…` : revision;
    throw new SettingsError({
      problem: `pin: "${shown}" is not a branch, tag, refs/… or commit, nor a state of S3 such as version:…`,
    });
  }
  return { action, revision };
}

/** A request as it was written down. Undefined: it is none, or one of another version. */
export function parseRequest(text: string): Request | undefined {
  const { id, action, revision } = fieldsOf(text);
  if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id)) return undefined;
  const known = wishActions.find((one) => one === action);
  if (known === undefined) return undefined;
  if (known !== 'pin') return { id, action: known };
  return isRevision(revision) ? { id, action: known, revision } : undefined;
}

/** An outcome as a sidecar tells it. Undefined: it is none. */
export function parseOutcome(value: unknown): RequestOutcome | undefined {
  const { id, action: given, result: told, detail, at } = fieldsOf(value);
  const action = wishActions.find((one) => one === given);
  const result = results.find((one) => one === told);
  if (action === undefined || result === undefined) return undefined;
  if (typeof id !== 'string' || typeof detail !== 'string' || typeof at !== 'string') return undefined;
  return { id, action, result, detail, at };
}

/** What a status document tells of the last request. */
export function parseLastRequest(status: string): RequestOutcome | undefined {
  return parseOutcome(fieldsOf(status)['lastRequest']);
}

function isRevision(value: unknown): value is Revision {
  if (typeof value !== 'string' || value.length > longestOfLayers) return false;
  return isRevisionText(value) || [...(splitRevisions(value)?.values() ?? [''])].every(isRevisionText);
}

/** What Git or S3 calls a state. Spaces and control characters are in neither's names. */
function isRevisionText(text: string): boolean {
  if (text.length > longestRevision) return false;
  return isGitRef(text) || /^(version|etag|release|listing|as-of):[\x21-\x7e]+$/.test(text);
}

/** The fields of an object, or of one written as JSON; of anything else none. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = typeof value === 'string' ? JSON.parse(value) : value;
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
