import { idle } from './idle.ts';
import type { Settings } from './schema.ts';

/** Only plain files take names that something else may hold. */
export function renameRules({ publish }: Settings, given: ReadonlySet<string>): readonly string[] {
  return publish === 'rename' || publish === undefined ? [] : idle(['adopt'], given, 'WHERRY_PUBLISH=rename');
}
