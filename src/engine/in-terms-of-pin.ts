import { type Failure, MissingError } from '../failure/failure.ts';
import { inLayerTerms } from '../settings/layers/terms.ts';
import { splitRevisions } from '../snapshot/layer-revisions.ts';
import type { State } from './machine/state.ts';

/** Settings that name what a pin stands in for. */
const revisionSettings: readonly string[] = [
  'WHERRY_GIT_REF',
  'WHERRY_DIR_PATH',
  'WHERRY_S3_AS_OF',
  'WHERRY_S3_OBJECT',
  'WHERRY_S3_ARCHIVE',
  'WHERRY_S3_POINTER',
  'WHERRY_S3_PREFIX',
  'WHERRY_S3_MARKER',
];

/** While a revision is pinned, it is that which is not there, and no setting is wrong. */
export function inTermsOfPin(failure: Failure, pin: State['pin']): Failure {
  const { setting, problem } = failure.details;
  const isOfPin = pin !== undefined && setting !== undefined && settingsOf(pin.revision).includes(setting);
  if (!isOfPin || !(failure instanceof MissingError)) return failure;
  return new MissingError({
    problem: `pin: ${problem}`,
    cure: 'bring it back, pin another revision, or say `wherry resume`',
    cause: failure,
  });
}

/** With the names that they have for the layers that are pinned. */
function settingsOf(revision: string): readonly string[] {
  const layers = [...(splitRevisions(revision)?.keys() ?? [])];
  const own = layers.flatMap((layer) => revisionSettings.map((name) => inLayerTerms(name, layer)));
  return [...revisionSettings, ...own];
}
