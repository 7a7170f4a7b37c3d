import type { StatusDocument, TargetStatus } from '../admin/status.ts';
import { pendingTargets, type State, type TargetId } from '../engine/state.ts';
import { version } from '../version.ts';

/** What only the running sidecar knows. */
export interface Live {
  readonly targets: readonly TargetId[];
  readonly lastContact: Date | undefined;
  readonly nextPoll: Date | undefined;
}

/** The status of a sidecar: of a running one, or of what its state file remembers. */
export function statusDocument(source: string, state: State | undefined, live?: Live): StatusDocument {
  const targets = live?.targets ?? rememberedTargets(state);
  const pending = state === undefined ? [] : pendingTargets(state, targets);
  return {
    version,
    source,
    published: state?.published,
    sourceRevision: state?.quarantine?.revision ?? state?.seen?.revision,
    targets: targets.map((target) => targetStatus(state, target, pending)),
    pending: pending.length > 0,
    quarantine: state?.quarantine,
    rolledBack: state?.rolledBack,
    lastSync: state?.lastSync,
    lastFailure: state?.lastFailure,
    lastContact: live?.lastContact?.toISOString(),
    nextPoll: live?.nextPoll?.toISOString(),
  };
}

function targetStatus(
  state: State | undefined,
  target: TargetId,
  pending: readonly TargetId[],
): TargetStatus {
  const known = state?.targets[target.name];
  const isPending = pending.includes(target);
  const isRejected =
    isPending && state?.rejected?.sequence === state?.published?.sequence && state?.rejected !== undefined;
  return {
    name: target.name,
    acknowledged: known?.identity === target.identity ? known.acknowledged : 0,
    state: isRejected ? 'rejected' : isPending ? 'pending' : 'acknowledged',
    lastAnswer: known?.lastAnswer,
  };
}

function rememberedTargets(state: State | undefined): readonly TargetId[] {
  return Object.entries(state?.targets ?? {}).map(([name, { identity }]) => ({ name, identity }));
}
