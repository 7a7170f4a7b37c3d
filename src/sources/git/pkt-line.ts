/** Git's framing: four hexadecimal digits of length, themselves counted, and the payload; lengths 0 to 2 are marks. */
export type Packet =
  | { readonly kind: 'data'; readonly payload: Buffer }
  | { readonly kind: 'flush' | 'delimiter' | 'response-end' };

/** The bytes are not what the protocol allows. */
export class PacketError extends Error {}

const longest = 65_520;
const marks = ['flush', 'delimiter', 'response-end'] as const;

/** Splits a whole answer. Throws `PacketError` on anything that is not exactly a sequence of packets. */
export function parsePackets(bytes: Buffer): Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < bytes.byteLength; ) {
    const digits = bytes.toString('latin1', at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new PacketError(`no packet length at byte ${at}`);
    const length = Number.parseInt(digits, 16);
    const mark = marks[length];
    if (mark !== undefined) {
      packets.push({ kind: mark });
      at += 4;
      continue;
    }
    if (length === 3 || length > longest) throw new PacketError(`a packet of length ${length}`);
    if (at + length > bytes.byteLength) throw new PacketError('the last packet is cut short');
    packets.push({ kind: 'data', payload: bytes.subarray(at + 4, at + length) });
    at += length;
  }
  return packets;
}

/** Frames one payload. */
export function dataPacket(payload: string | Uint8Array): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const length = bytes.byteLength + 4;
  if (length > longest) throw new PacketError(`a payload of ${bytes.byteLength} bytes`);
  return Buffer.concat([Buffer.from(length.toString(16).padStart(4, '0')), bytes]);
}

export const flushPacket = Buffer.from('0000');
export const delimiterPacket = Buffer.from('0001');
