import type { Told } from '../../support/watchers/kinds.ts';
import type { Cell, Measured } from './measure.ts';
import type { Mode } from './modes.ts';
import { type Happening, happenings } from './scenario.ts';

/** What a cell shows. */
export type Outcome =
  /** Told, and found the new content. How often is no question at the first publish. */
  | '✓'
  | '1'
  | '2+'
  /** Told nothing, and missed nothing. */
  | '–'
  /** Told nothing of a change. */
  | '✗'
  /** Found the file at two places. */
  | '✗ twice'
  /** Could not start: there was nothing to watch. */
  | '·';

/**
 * Milliseconds. chokidar may tell twice of one change, by the file's event and by its directory's, and says itself that
 * it drops the second when that follows soon: then it depends on how busy the machine is.
 */
const burst = 500;

export function outcomeOf(watcher: string, happening: Happening, cell: Cell | undefined): Outcome {
  if (cell === undefined) return '·';
  const { told, before, after } = cell;
  if (told.some(({ seen }) => seen === 'twice')) return '✗ twice';
  if (told.length === 0) return before === after ? '–' : '✗';
  if (happening === 'first publish') return '✓';
  const wakeUps = watcher.startsWith('chokidar') ? told.filter(isNoEcho) : told;
  return wakeUps.length === 1 ? '1' : '2+';
}

function isNoEcho({ at, seen }: Told, index: number, told: readonly Told[]): boolean {
  const before = told[index - 1];
  return before === undefined || before.seen !== seen || at - before.at > burst;
}

/** The tables of the documentation, one a mode. */
export function tablesOf(all: ReadonlyMap<Mode, Measured>): string {
  return [...all].map(([mode, measured]) => `### \`${mode}\`\n\n${tableOf(measured)}\n`).join('\n');
}

function tableOf(measured: Measured): string {
  const lines = [`| watcher | ${happenings.join(' | ')} |`, `|---|${happenings.map(() => ':-:|').join('')}`];
  const plain = (name: string) => name.replaceAll('`', '').toLowerCase();
  const byName = (a: string, b: string) => (plain(a) < plain(b) ? -1 : 1);
  for (const watcher of [...measured.keys()].toSorted(byName)) {
    const row = measured.get(watcher);
    const outcomes = happenings.map((happening) => outcomeOf(watcher, happening, row?.get(happening)));
    lines.push(`| ${watcher} | ${outcomes.join(' | ')} |`);
  }
  return lines.join('\n');
}
