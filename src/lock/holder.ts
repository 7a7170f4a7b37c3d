import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { Failure } from '../failure/failure.ts';
import { oneLine } from '../platform/one-line.ts';

/** Where a process runs, as far as that says which others it could ask whether they live. */
export interface Place {
  /** The pod's name, in a pod. */
  readonly host: string;
  /** Another one: the machine was started anew since. Undefined where the system does not tell. */
  readonly boot: string | undefined;
  /** The network namespace: processes with the same one reach each other's sockets. */
  readonly network: string | undefined;
}

/** Who holds a target, as others are told; nothing in it is secret. */
export interface Holder extends Place {
  /** Of this one hold. */
  readonly id: string;
  readonly pid: number;
  /** ISO 8601, by its own clock. */
  readonly since: string;
  readonly version: string;
  /** The source's description. */
  readonly source: string;
  /** The name of the socket that it listens on; undefined when it has none. */
  readonly socket: string | undefined;
}

export function placeOfThis(): Place {
  return { host: hostname(), boot: bootOfThis(), network: networkOfThis() };
}

function bootOfThis(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return undefined;
  }
}

function networkOfThis(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/net');
  } catch {
    return undefined;
  }
}

/** Whether the sockets of one answer the other. */
export function isInReach(one: Place, other: Place): boolean {
  const isKnown = one.boot !== undefined && one.network !== undefined;
  return isKnown && one.boot === other.boot && one.network === other.network;
}

/** What another process said of itself; undefined when that is no holder. */
export function parseHolder(text: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    const { id, host, pid, since, version, source, boot, network, socket } = parsed as Record<
      string,
      unknown
    >;
    if (typeof id !== 'string' || typeof host !== 'string' || typeof pid !== 'number') return undefined;
    return {
      ...{ id, host, pid, since: textOf(since) ?? '', version: textOf(version) ?? '' },
      ...{ source: textOf(source) ?? '', boot: textOf(boot), network: textOf(network) },
      socket: textOf(socket),
    };
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** For people, in the middle of a sentence. */
export function describe(holder: Holder | undefined): string {
  if (holder === undefined) return 'another process, which does not say who it is';
  const { host, pid, version, since, source } = holder;
  const shown = `${host}, process ${pid} (wherry ${version}, since ${since}, with ${source})`;
  return oneLine(shown).slice(0, 500);
}

/** Another Wherry holds the target: trying again is for whoever starts this one. */
export class HeldError extends Failure {
  readonly kind = 'target';
  readonly next = 'stop';
  readonly since = new Date();
  readonly holder: Holder | undefined;

  constructor(target: string, holder: Holder | undefined) {
    super({
      setting: 'WHERRY_TARGET',
      problem: `${target} is held by ${describe(holder)}`,
      cure: 'end that one, or give each a target and a state directory of its own; WHERRY_LOCK says whether to wait',
    });
    this.holder = holder;
  }
}
