import type { LayerRow, StatusDocument, TargetStatus } from '../admin/status.ts';
import { beforePublished } from '../engine/machine/asking.ts';
import { currentQuarantine } from '../engine/machine/quarantine.ts';
import { isVerified, pendingTargets, type State, type TargetId } from '../engine/machine/state.ts';
import type { LayerStatus } from '../sources/source.ts';
import { version } from '../version.ts';

/** What the state does not say. */
export interface Surroundings {
  /** Whether the settings ask for a verification; undefined = what the state remembers of one. */
  readonly verifies: boolean | undefined;
  /** Of several sources, in order; a running sidecar knows more of them than what is published. */
  readonly layers?: readonly KnownLayer[] | undefined;
  readonly live?: Live;
}

type KnownLayer = Pick<LayerStatus, 'name' | 'source' | 'mount' | 'revision' | 'lastContact' | 'failure'>;

/** What only the running sidecar knows. */
export interface Live {
  readonly targets: readonly TargetId[];
  /** The revision that the source showed last. */
  readonly shown: string | undefined;
  readonly lastContact: Date | undefined;
  readonly nextPoll: Date | undefined;
  readonly drift: StatusDocument['drift'];
}

/** The status of a sidecar: of a running one, or of what its state file remembers. */
export function statusDocument(
  source: string,
  state: State | undefined,
  { verifies, layers, live }: Surroundings,
): StatusDocument {
  const targets = live?.targets ?? rememberedTargets(state);
  const pending = state === undefined ? [] : pendingTargets(state, targets);
  return {
    version,
    source,
    layers: layers?.map((layer) => layerRow(layer, state)),
    published: state?.published,
    sourceRevision: live?.shown ?? state?.seen?.revision,
    targets: targets.map((target) => targetStatus(state, target, pending)),
    pending: pending.length > 0,
    verification: verificationStatus(state, verifies),
    rejected: rejectedStatus(state),
    quarantine: state === undefined ? undefined : currentQuarantine(state),
    quarantined: state?.quarantine?.length ?? 0,
    rolledBack: state?.rolledBack,
    hold: state?.hold,
    pin: state?.pin,
    rollsBackTo: state && beforePublished(state)?.revision,
    lastRequest: state?.lastRequest,
    drift: live?.drift,
    lastSync: state?.lastSync,
    lastFailure: state?.lastFailure,
    lastContact: live?.lastContact?.toISOString(),
    nextPoll: live?.nextPoll?.toISOString(),
  };
}

function layerRow(
  { name, source, mount, revision, lastContact, failure }: KnownLayer,
  state: State | undefined,
): LayerRow {
  return {
    name,
    source,
    mount: mount === '' ? undefined : mount,
    revision,
    lastContact: lastContact?.toISOString(),
    lastFailure: failure ?? state?.layerFailures?.[name],
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

/** The published set was rejected, and stays: there is nothing better. */
function rejectedStatus(state: State | undefined): StatusDocument['rejected'] {
  const { rejected, published } = state ?? {};
  if (rejected === undefined || rejected.sequence !== published?.sequence) return undefined;
  return { sequence: rejected.sequence, detail: rejected.detail };
}

function verificationStatus(
  state: State | undefined,
  verifies: boolean | undefined,
): StatusDocument['verification'] {
  const { published, verified = 0, unverified } = state ?? {};
  if (state === undefined || published === undefined || verifies === false) return undefined;
  if (unverified?.sequence === published.sequence) return { state: 'unverified', detail: unverified.detail };
  if (verifies === undefined && verified < published.sequence) return undefined;
  if (isVerified(state)) return { state: 'verified' };
  const rejection = rejectedStatus(state);
  return rejection === undefined ? { state: 'pending' } : { state: 'failed', detail: rejection.detail };
}
