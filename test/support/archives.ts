import { execFileSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import tar from 'tar-stream';
import type { Entry } from '../../src/snapshot/entry.ts';
import type { PathFilter } from '../../src/snapshot/path-filter.ts';
import type { ArchiveLimits } from '../../src/sources/archive/budget.ts';
import { extractFiles } from '../../src/sources/archive/extract.ts';
import type { ArchiveFormat } from '../../src/sources/archive/format.ts';
import type { ArchiveFile } from '../../src/sources/archive/items.ts';
import { type ArchiveListing, listArchive } from '../../src/sources/archive/list.ts';
import { soon } from './calls.ts';
import { filesOf, MemorySink } from './taking.ts';
import { temporaryDirectory } from './temporary.ts';

/** What a tree holds: text of a file, of an executable one, or of a symbolic link. */
export type Node = string | Buffer | { readonly executable: string } | { readonly link: string };

export type Tree = Readonly<Record<string, Node>>;

/** A directory with these files, for the real programs. */
export async function treeOnDisk(tree: Tree): Promise<string> {
  const root = await temporaryDirectory();
  for (const [path, node] of Object.entries(tree)) {
    const place = join(root, path);
    await mkdir(dirname(place), { recursive: true });
    if (typeof node === 'string' || Buffer.isBuffer(node)) await writeFile(place, node, { mode: 0o644 });
    else if ('link' in node) await symlink(node.link, place);
    else await writeFile(place, node.executable, { mode: 0o755 });
  }
  return root;
}

/** What a program of the system writes to its standard output. */
export function run(directory: string, program: string, ...args: readonly string[]): Buffer {
  return execFileSync(program, args, {
    cwd: directory,
    maxBuffer: 2 ** 30,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** A directory as GNU tar packs it. */
export function gnuTar(directory: string, ...options: readonly string[]): Buffer {
  return run(directory, 'tar', '-c', ...options, '-f', '-', '.');
}

/** A directory as Info-ZIP packs it. */
export async function infoZip(directory: string, ...options: readonly string[]): Promise<Buffer> {
  const path = join(await temporaryDirectory(), 'made.zip');
  run(directory, 'zip', '-q', '-r', '-y', ...options, path, '.');
  return readFile(path);
}

export interface TarEntry {
  readonly name: string;
  readonly type?: 'file' | 'directory' | 'symlink' | 'link';
  readonly mode?: number;
  readonly linkname?: string;
  readonly content?: string | Buffer;
}

/** A tar with exactly these entries, whatever a program would say to them. */
export async function packTar(...entries: readonly TarEntry[]): Promise<Buffer> {
  const pack = tar.pack();
  for (const { content = '', ...header } of entries) pack.entry(header, content);
  pack.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of pack as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export interface RawHeader {
  readonly name?: string | Buffer;
  /** One character. */
  readonly type?: string;
  readonly mode?: number;
  /** As it stands in the field; digits of a number otherwise. */
  readonly size?: number | Buffer;
  readonly linkName?: string | Buffer;
  readonly magic?: string;
}

/** One header block with a good checksum. */
export function tarHeader({
  name = 'file',
  type = '0',
  mode = 0o644,
  size = 0,
  linkName = '',
  magic = 'ustar\u000000',
}: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(name).copy(block, 0, 0, 100);
  block.write(mode.toString(8).padStart(7, '0'), 100);
  if (typeof size === 'number') block.write(size.toString(8).padStart(11, '0'), 124);
  else size.copy(block, 124);
  block.write(type, 156, 'latin1');
  Buffer.from(linkName).copy(block, 157, 0, 100);
  block.write(magic, 257, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** An entry with its content, padded; the size is the content's unless the header says another. */
export function tarEntry(header: RawHeader, content: string | Buffer = ''): Buffer {
  const bytes = Buffer.from(content);
  const padding = Buffer.alloc((512 - (bytes.byteLength % 512)) % 512);
  return Buffer.concat([tarHeader({ size: bytes.byteLength, ...header }), bytes, padding]);
}

/** `<length> <text>\n`, as extended headers have them. */
export function paxRecord(text: string): string {
  const rest = Buffer.byteLength(text) + 2;
  const length = [1, 2, 3, 4].map((digits) => rest + digits).find((sum) => String(sum).length === sum - rest);
  return `${length} ${text}\n`;
}

export const tarEnd = Buffer.alloc(1024);

export interface ZipSpec {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  /** With the type's bits. */
  readonly mode?: number;
  /** 3 = Unix, 0 = DOS. */
  readonly host?: number;
  readonly flags?: number;
  readonly method?: 0 | 8 | 12;
  /** What the header at the content says in the place of the name. */
  readonly localName?: string;
  /** In the place of the true size, in both headers. */
  readonly size?: number;
  /** In the place of the true checksum, in both headers. */
  readonly crc32?: number;
  /** Where the central directory says that the entry is, in the place of where it is. */
  readonly offset?: number;
  readonly attributes?: number;
}

/** A zip with exactly these entries. */
export function packZip(...specs: readonly ZipSpec[]): Buffer {
  const locals: Buffer[] = [];
  const centrals: Buffer[] = [];
  let offset = 0;
  for (const spec of specs) {
    const { host = 3, mode = 0o100_644, flags = 0, method = 8, attributes = 0 } = spec;
    const content = Buffer.from(spec.content ?? '');
    const data = method === 8 ? deflateRawSync(content) : content;
    const name = Buffer.from(spec.name);
    const localName = Buffer.from(spec.localName ?? spec.name);
    const common = Buffer.alloc(22);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(flags, 2);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(spec.crc32 ?? crc32(content), 10);
    common.writeUInt32LE(data.byteLength, 14);
    common.writeUInt32LE(spec.size ?? content.byteLength, 18);
    const local = Buffer.concat([
      Buffer.from('PK\x03\x04'),
      common,
      uint16(localName.byteLength),
      uint16(0),
      localName,
      data,
    ]);
    const fixed = Buffer.alloc(14);
    fixed.writeUInt32LE((host === 3 ? mode * 0x1_0000 : 0) + attributes, 6);
    fixed.writeUInt32LE(spec.offset ?? offset, 10);
    centrals.push(
      Buffer.concat([
        Buffer.from('PK\x01\x02'),
        uint16((host << 8) | 30),
        common,
        uint16(name.byteLength),
        uint16(0),
        fixed,
        name,
      ]),
    );
    locals.push(local);
    offset += local.byteLength;
  }
  const directory = Buffer.concat(centrals);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(specs.length, 4);
  end.writeUInt16LE(specs.length, 6);
  end.writeUInt32LE(directory.byteLength, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, directory, Buffer.from('PK\x05\x06'), end]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** An archive on disk, with a name that a failure can tell. */
async function archiveFile(bytes: Buffer, format: ArchiveFormat = 'tar'): Promise<ArchiveFile> {
  const path = join(await temporaryDirectory(), 'spooled');
  await writeFile(path, bytes);
  return { path, format, subject: { setting: 'WHERRY_S3_ARCHIVE', key: `set.${format}` } };
}

export interface ReadOptions {
  readonly format?: ArchiveFormat;
  readonly takes?: PathFilter['takes'];
  readonly limits?: Partial<ArchiveLimits>;
}

export const generous: ArchiveLimits = { maxFiles: 50_000, maxBytes: 2 ** 30 };

export async function listBytes(bytes: Buffer, options: ReadOptions = {}): Promise<ArchiveListing> {
  return list(await archiveFile(bytes, options.format), options);
}

function list(archive: ArchiveFile, { takes = () => true, limits }: ReadOptions = {}) {
  return listArchive(archive, { filter: { takes }, limits: { ...generous, ...limits } }, soon(120_000));
}

/** An archive as a tree: what its second reading writes, and its links. */
export async function readTree(
  bytes: Buffer,
  options: ReadOptions = {},
): Promise<Readonly<Record<string, Node>>> {
  const archive = await archiveFile(bytes, options.format);
  const listing = await list(archive, options);
  const sink = new MemorySink();
  await extractFiles(archive, listing, filesOf(listing.entries), sink, soon(120_000));
  return Object.fromEntries(listing.entries.map((entry) => [entry.path, nodeOf(entry, sink)]));
}

function nodeOf(entry: Entry, { files }: MemorySink): Node {
  if (entry.kind === 'link') return { link: entry.target };
  const content = files.get(entry.path)?.toString('utf8') ?? 'nothing was written';
  return entry.executable ? { executable: content } : content;
}
