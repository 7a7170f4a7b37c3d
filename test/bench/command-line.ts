import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type PeerName, type PeerPaths, peerNames } from './programs/peers.ts';

export interface CommandLine {
  /** Names of scenarios; undefined = all that are not slow. */
  readonly only: readonly string[] | undefined;
  readonly runs: number | undefined;
  readonly json: string | undefined;
  readonly program: string | undefined;
  readonly nodeFlags: readonly string[];
  readonly peers: PeerPaths;
}

/** Throws with one line that says what is wrong with it. */
export function readCommandLine(args: readonly string[], scenarios: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true },
      runs: { type: 'string' },
      json: { type: 'string' },
      program: { type: 'string' },
      'node-flag': { type: 'string', multiple: true, default: [] },
      peer: { type: 'string', multiple: true, default: [] },
    },
  });
  const unknown = values.only?.find((name) => !scenarios.includes(name));
  if (unknown !== undefined) {
    throw new Error(`there is no scenario ${unknown}; there are ${scenarios.join(', ')}`);
  }
  return {
    only: values.only,
    runs: values.runs === undefined ? undefined : readRuns(values.runs),
    json: values.json,
    program:
      values.program === undefined ? undefined : readFile(`--program ${values.program}`, values.program),
    nodeFlags: values['node-flag'],
    peers: new Map(values.peer.map(readPeer)),
  };
}

function readRuns(text: string): number {
  const runs = Number(text);
  if (!(Number.isInteger(runs) && runs > 0)) throw new Error(`--runs ${text}: a whole number from 1 on`);
  return runs;
}

function readPeer(text: string): readonly [PeerName, string] {
  const at = text.indexOf('=');
  const name = peerNames.find((known) => known === text.slice(0, Math.max(at, 0)));
  if (name === undefined) {
    throw new Error(`--peer ${text}: NAME=PATH, with one of the names ${peerNames.join(', ')}`);
  }
  return [name, readFile(`--peer ${text}`, text.slice(at + 1))];
}

/** Absolute: what is measured runs in directories of its own. */
function readFile(said: string, text: string): string {
  const path = resolve(text);
  if (text === '' || !existsSync(path)) throw new Error(`${said}: there is no such file`);
  return path;
}
