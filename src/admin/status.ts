import type { FailureKind } from '../failure/failure.ts';
import { oneLine } from '../platform/one-line.ts';
import { formatDuration, roundSize } from '../platform/units.ts';
import type { AnswerClass } from '../reload/target.ts';

/** What `GET /status` and `wherry status --json` say. Times are ISO 8601; nothing in it is secret. */
export interface StatusDocument {
  readonly version: string;
  /** The source's description. */
  readonly source: string;
  /** Of several sources: how each of them does, in order of precedence. */
  readonly layers?: readonly LayerRow[] | undefined;
  /** What readers see; absent until the first publish. */
  readonly published?: PublishedStatus | undefined;
  /** The newest revision that the source showed. */
  readonly sourceRevision?: string | undefined;
  readonly targets: readonly TargetStatus[];
  /** True while a target has not taken the published set. */
  readonly pending: boolean;
  /** Of the published set; absent without `WHERRY_VERIFY_URL`. */
  readonly verification?:
    | {
        readonly state: 'pending' | 'verified' | 'unverified' | 'failed';
        readonly detail?: string | undefined;
      }
    | undefined;
  /** The published set was rejected, and stays: there is nothing to go back to. */
  readonly rejected?: { readonly sequence: number; readonly detail: string } | undefined;
  /** What is refused of the source's present state. */
  readonly quarantine?:
    | {
        readonly by: string;
        readonly revision: string;
        readonly digest?: string | undefined;
        readonly reason: string;
        readonly at: string;
      }
    | undefined;
  /** The revision that the published set took the place of, because it was rejected. */
  readonly rolledBack?:
    | { readonly from: string; readonly by: string; readonly reason: string; readonly at: string }
    | undefined;
  /** Refused sets in all, those of earlier states of the source too. */
  readonly quarantined: number;
  readonly hold?: { readonly at: string } | undefined;
  readonly pin?: { readonly revision: string; readonly at: string } | undefined;
  /** The revision that a rollback by hand would go to. */
  readonly rollsBackTo?: string | undefined;
  /** What became of the last request that was made by hand. */
  readonly lastRequest?:
    | {
        readonly id: string;
        readonly action: string;
        readonly result: string;
        readonly detail: string;
        readonly at: string;
      }
    | undefined;
  /** What something else changed in the target, and was put back; absent while that never happened. */
  readonly drift?: DriftRow | undefined;
  readonly lastSync?: { readonly at: string; readonly result: string } | undefined;
  readonly lastFailure?:
    | { readonly kind: FailureKind; readonly message: string; readonly at: string }
    | undefined;
  /** When the source last answered this process. */
  readonly lastContact?: string | undefined;
  readonly nextPoll?: string | undefined;
}

export interface LayerRow {
  readonly name: string;
  readonly source: string;
  /** Where its files appear; absent at the root of the set. */
  readonly mount?: string | undefined;
  /** What it showed last, or what is published of it. */
  readonly revision?: string | undefined;
  readonly lastContact?: string | undefined;
  /** Why its last good part stands in for what it has now. */
  readonly lastFailure?:
    | { readonly kind: FailureKind; readonly message: string; readonly at: string }
    | undefined;
}

interface DriftRow {
  readonly repairs: number;
  readonly lastPath?: string | undefined;
  readonly lastAt?: string | undefined;
  /** Something else keeps writing there; it is put back ever more slowly. */
  readonly contested?:
    | { readonly path: string; readonly paths: number; readonly nextTryAt: string }
    | undefined;
  /** What could not be put back yet, and why. */
  readonly waiting?:
    | { readonly path: string; readonly files: number; readonly reason: string; readonly nextTryAt: string }
    | undefined;
}

interface PublishedStatus {
  readonly generation?: string | undefined;
  readonly revision: string;
  /** Where the revision was, in the source's own terms. */
  readonly provenance?: Readonly<Record<string, string>> | undefined;
  /** Of the content: equal whatever source or upload it came from. */
  readonly digest: string;
  readonly sequence: number;
  readonly publishedAt: string;
  readonly files: number;
  readonly bytes: number;
}

export interface TargetStatus {
  readonly name: string;
  /** The sequence that it last took; 0 = none. */
  readonly acknowledged: number;
  readonly state: 'acknowledged' | 'pending' | 'rejected';
  readonly lastAnswer?:
    | { readonly class: AnswerClass; readonly detail?: string | undefined; readonly at: string }
    | undefined;
}

/** The rows that people read, on the page and in a terminal: each a name and its lines. */
export function statusRows(
  status: StatusDocument,
  now: Date,
): readonly (readonly [string, readonly string[]])[] {
  const { published, verification, rejected, quarantine, rolledBack, hold, pin, lastRequest } = status;
  const { lastSync, lastFailure, lastContact, nextPoll } = status;
  const time = (at: string) => `${at} (${distance(at, now)})`;
  const rows: [string, readonly string[]][] = [
    ['source', status.layers === undefined ? [status.source] : []],
    ['layers', (status.layers ?? []).flatMap((layer) => layerLines(layer, time))],
    ['published', published === undefined ? ['nothing yet'] : publishedLines(published, time)],
    ['source is at', status.sourceRevision === undefined ? [] : [status.sourceRevision]],
    ['targets', status.targets.map(targetLine)],
    ['verification', verification === undefined ? [] : [verification.state, verification.detail ?? '']],
    ['rejected', rejected === undefined ? [] : ['the published set, and it stays', rejected.detail]],
    ['quarantined', quarantine === undefined ? [] : refusalLines(quarantine, quarantine.revision, time)],
    [
      'rolled back',
      rolledBack === undefined ? [] : refusalLines(rolledBack, `from ${rolledBack.from}`, time),
    ],
    ['held', hold === undefined ? [] : ['nothing new is published', `since ${time(hold.at)}`]],
    ['pinned', pin === undefined ? [] : [pin.revision, `since ${time(pin.at)}`]],
    ['undo goes to', status.rollsBackTo === undefined ? [] : [status.rollsBackTo]],
    [
      'by hand',
      lastRequest === undefined
        ? []
        : [`${lastRequest.action}, ${lastRequest.result}`, lastRequest.detail, time(lastRequest.at)],
    ],
    ['put back', status.drift === undefined ? [] : driftLines(status.drift, time)],
    ['last sync', lastSync === undefined ? [] : [`${lastSync.result}, ${time(lastSync.at)}`]],
    [
      'last failure',
      lastFailure === undefined ? [] : [lastFailure.message, `${lastFailure.kind}, ${time(lastFailure.at)}`],
    ],
    ['last contact', lastContact === undefined ? [] : [time(lastContact)]],
    ['next poll', nextPoll === undefined ? [] : [time(nextPoll)]],
    ['version', [status.version]],
  ];
  return rows
    .map(([name, lines]) => [name, lines.map(oneLine).filter((line) => line !== '')] as const)
    .filter(([, lines]) => lines.length > 0);
}

/** For a terminal: aligned, one fact a line, a line feed at the end. */
export function formatStatus(status: StatusDocument, now: Date = new Date()): string {
  const rows = statusRows(status, now);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows
    .flatMap(([name, lines]) =>
      lines.map((line, index) => `${(index === 0 ? name : '').padEnd(width)}  ${line}\n`),
    )
    .join('');
}

function publishedLines(
  { revision, provenance = {}, digest, sequence, files, bytes, publishedAt }: PublishedStatus,
  time: (at: string) => string,
) {
  const count = files === 1 ? '1 file' : `${files} files`;
  const where = Object.entries(provenance).map(([name, value]) => `${name} ${value}`);
  const size = `sequence ${sequence}, ${count}, ${roundSize(bytes)}`;
  return [revision, ...where, `content ${digest}`, size, time(publishedAt)];
}

function layerLines(
  { name, source, mount, revision, lastContact, lastFailure }: LayerRow,
  time: (at: string) => string,
) {
  const place = mount === undefined ? '' : ` at ${mount}/`;
  const at = revision === undefined ? '' : `, ${revision}`;
  const contact = lastContact === undefined ? '' : `, last contact ${time(lastContact)}`;
  const failure =
    lastFailure === undefined ? '' : `${name} fails since ${time(lastFailure.at)}: ${lastFailure.message}`;
  return [`${name}: ${source}${place}${at}${contact}`, failure];
}

function refusalLines(
  { by, reason, at }: { readonly by: string; readonly reason: string; readonly at: string },
  first: string,
  time: (at: string) => string,
) {
  return [first, `by ${by}: ${reason}`, time(at)];
}

function driftLines(
  { repairs, lastPath, lastAt, contested, waiting }: DriftRow,
  time: (at: string) => string,
) {
  const lines: string[] = [];
  if (lastPath !== undefined && lastAt !== undefined)
    lines.push(`${repairs}, the last one ${lastPath}`, time(lastAt));
  if (contested !== undefined) {
    const more = contested.paths > 1 ? ` and ${contested.paths - 1} more` : '';
    lines.push(
      `something else keeps writing ${contested.path}${more}; next repair ${time(contested.nextTryAt)}`,
    );
  }
  if (waiting !== undefined) {
    const more = waiting.files > 1 ? ` and ${waiting.files - 1} more` : '';
    lines.push(`${waiting.path}${more} not yet: ${waiting.reason}; next try ${time(waiting.nextTryAt)}`);
  }
  return lines;
}

function targetLine({ name, acknowledged, state, lastAnswer }: TargetStatus): string {
  const took = acknowledged === 0 ? 'took no set yet' : `took sequence ${acknowledged}`;
  // A rejection of a set that is still there makes the target rejected; another one is told of below.
  const isOver = state === 'pending' && lastAnswer?.class === 'rejected';
  const trouble =
    lastAnswer === undefined || lastAnswer.class === 'accepted' || isOver ? undefined : lastAnswer;
  const said = trouble === undefined ? '' : `; ${trouble.class}: ${trouble.detail ?? ''}`;
  return `${name} ${state}, ${took}${said}`;
}

/** `12s ago`, `in 5m`: whole steps of the largest fitting unit. */
function distance(at: string, now: Date): string {
  const milliseconds = Date.parse(at) - now.getTime();
  if (Number.isNaN(milliseconds)) return 'at an unknown time';
  const size = Math.abs(milliseconds);
  if (size < 1000) return 'now';
  const day = 86_400_000;
  const unit = [3_600_000, 60_000, 1000].find((one) => size >= one) ?? 1000;
  const whole =
    size >= 2 * day ? `${Math.floor(size / day)} days` : formatDuration(Math.floor(size / unit) * unit);
  return milliseconds < 0 ? `${whole} ago` : `in ${whole}`;
}
