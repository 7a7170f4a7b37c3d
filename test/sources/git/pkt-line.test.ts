import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lsRefsRequest, parseAdvertisement, parseLsRefs } from '../../../src/sources/git/ls-refs.ts';
import {
  dataPacket,
  delimiterPacket,
  flushPacket,
  type Packet,
  PacketError,
  parsePackets,
} from '../../../src/sources/git/pkt-line.ts';

const packet: fc.Arbitrary<Packet> = fc.oneof(
  fc.constantFrom<Packet>({ kind: 'flush' }, { kind: 'delimiter' }, { kind: 'response-end' }),
  fc.uint8Array({ maxLength: 300 }).map((bytes): Packet => ({ kind: 'data', payload: Buffer.from(bytes) })),
);

const marks = { flush: '0000', delimiter: '0001', 'response-end': '0002' };

function encode(packets: readonly Packet[]): Buffer {
  return Buffer.concat(
    packets.map((item) => (item.kind === 'data' ? dataPacket(item.payload) : Buffer.from(marks[item.kind]))),
  );
}

const oid = fc.stringMatching(/^[0-9a-f]{40}$/);
const name = fc.stringMatching(/^refs\/[a-z]{1,8}\/[A-Za-z0-9._/-]{1,20}$/);

describe('packets', () => {
  test('come back as they were framed', () => {
    fc.assert(
      fc.property(fc.array(packet), (packets) => {
        expect(parsePackets(encode(packets))).toEqual(packets);
      }),
    );
  });

  test('that are cut anywhere are refused, or are fewer', () => {
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1 }), fc.nat(), (packets, at) => {
        const whole = encode(packets);
        const cut = whole.subarray(0, at % whole.byteLength);
        try {
          expect(packets.slice(0, parsePackets(cut).length)).toEqual(parsePackets(cut));
        } catch (error) {
          expect(error).toBeInstanceOf(PacketError);
        }
      }),
    );
  });

  test('of any bytes are parsed or refused, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        for (const parse of [parsePackets, parseAdvertisement, parseLsRefs]) {
          try {
            parse(Buffer.from(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(PacketError);
          }
        }
      }),
    );
  });

  test.each(['0003', 'fff1', 'ffff', '-001', '00 5a', '+005a', '0x5a'])(
    'of length %s are refused',
    (text) => {
      expect(() => parsePackets(Buffer.from(text.padEnd(70_000, 'a')))).toThrow(PacketError);
    },
  );

  test('that are too large are not made', () => {
    expect(() => dataPacket(Buffer.alloc(65_517))).toThrow(PacketError);
    expect(parsePackets(dataPacket(Buffer.alloc(65_516)))).toHaveLength(1);
  });
});

describe('an advertisement', () => {
  const of = (...lines: string[]) => Buffer.concat([...lines.map((line) => dataPacket(line)), flushPacket]);

  test('of version 2 lists capabilities, with and without the service line', () => {
    const expected = {
      version: 2,
      capabilities: new Map([
        ['agent', 'git/2.39'],
        ['ls-refs', 'unborn'],
        ['server-option', ''],
      ]),
    };
    const lines = ['version 2\n', 'agent=git/2.39\n', 'ls-refs=unborn\n', 'server-option\n'] as const;
    expect(parseAdvertisement(of(...lines))).toEqual(expected);
    const service = Buffer.concat([of('# service=git-upload-pack\n'), of(...lines)]);
    expect(parseAdvertisement(service)).toEqual(expected);
  });

  test('of older versions is told from it', () => {
    const head = of('# service=git-upload-pack\n');
    const refs = of(`${'12'.repeat(20)} HEAD\0multi_ack symref=HEAD:refs/heads/main\n`);
    expect(parseAdvertisement(Buffer.concat([head, refs]))).toEqual({ version: 0 });
    expect(parseAdvertisement(Buffer.concat([head, of('version 1\n')]))).toEqual({ version: 1 });
  });

  test.each(['', 'hello\n', 'version 3\n'])('that begins with %j is refused', (line) => {
    expect(() => parseAdvertisement(of(line))).toThrow(PacketError);
  });
});

describe('a list of refs', () => {
  test('comes back as the server wrote it', () => {
    const ref = fc.record({ name, oid, peeled: fc.option(oid, { nil: undefined }) });
    fc.assert(
      fc.property(fc.uniqueArray(ref, { selector: (item) => item.name }), (refs) => {
        const lines = refs.map((item) =>
          dataPacket(
            `${item.oid} ${item.name}${item.peeled === undefined ? '' : ` peeled:${item.peeled}`}\n`,
          ),
        );
        const expected = refs.map((item) => [
          item.name,
          item.peeled === undefined ? { oid: item.oid } : { oid: item.oid, peeled: item.peeled },
        ]);
        expect([...parseLsRefs(Buffer.concat([...lines, flushPacket]))]).toEqual(expected);
      }),
    );
  });

  test('without its end is refused', () => {
    const line = dataPacket(`${'12'.repeat(20)} refs/heads/main\n`);
    expect(() => parseLsRefs(line)).toThrow(PacketError);
    expect(() => parseLsRefs(Buffer.alloc(0))).toThrow(PacketError);
    expect(() => parseLsRefs(Buffer.concat([line, flushPacket, line]))).toThrow(PacketError);
    expect(() => parseLsRefs(Buffer.concat([line, delimiterPacket, flushPacket]))).toThrow(PacketError);
  });

  test('with an error in it is refused with the server’s words', () => {
    const body = Buffer.concat([dataPacket('ERR access denied\n'), flushPacket]);
    expect(() => parseLsRefs(body)).toThrow('ERR access denied');
  });

  test('leaves out a HEAD that leads nowhere yet', () => {
    const body = Buffer.concat([dataPacket('unborn HEAD symref-target:refs/heads/main\n'), flushPacket]);
    expect(parseLsRefs(body).size).toBe(0);
  });

  test('is asked for by names', () => {
    const capabilities = new Map([
      ['agent', 'x'],
      ['object-format', 'sha1'],
    ]);
    const lines = parsePackets(lsRefsRequest(['HEAD', 'refs/heads/main'], capabilities)).map((item) =>
      item.kind === 'data' ? item.payload.toString() : item.kind,
    );
    expect(lines).toEqual([
      'command=ls-refs\n',
      'agent=git/wherry\n',
      'object-format=sha1\n',
      'delimiter',
      'peel\n',
      'symrefs\n',
      'ref-prefix HEAD\n',
      'ref-prefix refs/heads/main\n',
      'flush',
    ]);
  });
});
