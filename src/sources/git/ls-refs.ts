import {
  dataPacket,
  delimiterPacket,
  flushPacket,
  type Packet,
  PacketError,
  parsePackets,
} from './pkt-line.ts';
import { isObjectId, type Ref, type Refs } from './refs.ts';

/** What a server says of itself. Only version 2 can be asked for single refs. */
export type Advertisement =
  | { readonly version: 0 | 1 }
  | { readonly version: 2; readonly capabilities: ReadonlyMap<string, string> };

const agent = 'agent=git/wherry';

/** Reads the answer to `GET …/info/refs?service=git-upload-pack`. Throws `PacketError`. */
export function parseAdvertisement(body: Buffer): Advertisement {
  const packets = parsePackets(body);
  const lines = textLines(packets);
  // Some servers of version 2 leave the service line out.
  const start = lines[0] === '# service=git-upload-pack' ? 1 : 0;
  const first = lines[start];
  if (first === undefined || packets.at(-1)?.kind !== 'flush') throw new PacketError('no advertisement');
  if (first === 'version 1') return { version: 1 };
  if (first === 'version 2') return { version: 2, capabilities: capabilitiesOf(lines.slice(start + 1)) };
  if (isObjectId(first.split(' ', 1)[0] ?? '')) return { version: 0 };
  throw new PacketError('no advertisement');
}

function capabilitiesOf(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.map((line) => {
      const equals = line.indexOf('=');
      return equals === -1 ? [line, ''] : [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

/** The body of the `ls-refs` command; all refs without names. */
export function lsRefsRequest(
  names: readonly string[] | undefined,
  capabilities: ReadonlyMap<string, string>,
): Buffer {
  const format = capabilities.get('object-format');
  return Buffer.concat([
    dataPacket('command=ls-refs\n'),
    ...(capabilities.has('agent') ? [dataPacket(`${agent}\n`)] : []),
    ...(format === undefined ? [] : [dataPacket(`object-format=${format}\n`)]),
    delimiterPacket,
    dataPacket('peel\n'),
    dataPacket('symrefs\n'),
    ...(names ?? []).map((name) => dataPacket(`ref-prefix ${name}\n`)),
    flushPacket,
  ]);
}

/** Reads the answer to `ls-refs`: `<oid> <name> [symref-target:<name>] [peeled:<oid>]`. Throws `PacketError`. */
export function parseLsRefs(body: Buffer): Refs {
  const packets = parsePackets(body);
  const end = packets.findIndex(({ kind }) => kind !== 'data');
  if (end === -1 || end !== packets.length - 1 || packets[end]?.kind !== 'flush') {
    throw new PacketError('the list of refs has no end');
  }
  const refs = new Map<string, Ref>();
  for (const line of textLines(packets)) {
    if (line.startsWith('ERR ')) throw new PacketError(line);
    const [oid = '', name = '', ...attributes] = line.split(' ');
    if (oid === 'unborn') continue;
    if (!isObjectId(oid) || name === '')
      throw new PacketError(`${JSON.stringify(line.slice(0, 100))} is no ref`);
    const peeled = attributes.find((attribute) => attribute.startsWith('peeled:'))?.slice('peeled:'.length);
    if (peeled !== undefined && !isObjectId(peeled)) throw new PacketError(`${name} is peeled to no object`);
    refs.set(name, peeled === undefined ? { oid } : { oid, peeled });
  }
  return refs;
}

function textLines(packets: readonly Packet[]): string[] {
  return packets.flatMap((packet) =>
    packet.kind === 'data' ? [packet.payload.toString('utf8').replace(/\n$/, '')] : [],
  );
}
