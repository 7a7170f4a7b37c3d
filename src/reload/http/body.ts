import { open, realpath } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { systemCode } from '../../failure/failure.ts';
import { readManifest } from '../../publish/manifest.ts';
import { type Layout, type PublishedPlace, publishedPlace } from '../../publish/published-place.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Answer } from '../target.ts';

/** What a call carries. */
export interface CallBody {
  readonly content: Buffer;
  /** Its media type; a `Content-Type` of the user wins. */
  readonly type: string;
}

export type BodySettings = Pick<Settings, 'reloadMethod' | 'reloadBody' | 'publish' | 'linkName'>;

/** Where sets are published. */
export type BodyPlaces = Pick<Layout, 'targetDir' | 'stateDir'>;

/** An application takes no configuration of more in one piece. Bytes. */
const longest = 64 * 1024 * 1024;

/** The body, or the answer that takes the place of the call when there is none to send. */
export type BodyOrAnswer =
  | { readonly body: CallBody | undefined }
  | { readonly answer: Exclude<Answer, { class: 'accepted' }> };

/** `WHERRY_RELOAD_BODY` as it stands; behind an `@` it names a file of the set that is published now. */
export async function bodyOf(settings: BodySettings, places: BodyPlaces): Promise<BodyOrAnswer> {
  const { reloadMethod: method, reloadBody: text, publish, linkName } = settings;
  if (text === undefined || method === 'GET' || method === 'HEAD') return { body: undefined };
  if (!text.startsWith('@')) return { body: { content: Buffer.from(text), type: typeOfText(text) } };
  return fileOfSet(text.slice(1), { publish, linkName, ...places });
}

/** All of it comes from one generation, even while the next one is being published; of plain files from one file. */
async function fileOfSet(path: string, layout: Layout): Promise<BodyOrAnswer> {
  try {
    const place = await publishedPlace(layout);
    if (place === undefined) {
      const { targetDir } = layout;
      return notNow(`WHERRY_RELOAD_BODY: @${path} cannot be read before a set is published in ${targetDir}`);
    }
    const root = await realpath(place.root);
    const file = await realpath(join(root, path));
    if (!file.startsWith(root + sep)) return wrong(path, 'leads out of the set');
    if (!(await isOfSet(place, relative(root, file)))) return wrong(path, 'is not in the set');
    await using handle = await open(file);
    const stat = await handle.stat();
    if (!stat.isFile()) return wrong(path, 'is no file of the set');
    if (stat.size > longest)
      return wrong(path, `has ${stat.size} bytes, more than the ${longest} that are sent`);
    return { body: { content: await handle.readFile(), type: typeOfName(path) } };
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      return notNow(`WHERRY_RELOAD_BODY: @${path} cannot be read (${code})`);
    return wrong(path, 'is not in the set');
  }
}

/** Beside plain files there may be others. */
async function isOfSet({ directory, isItsOwn }: PublishedPlace, path: string): Promise<boolean> {
  if (isItsOwn) return true;
  const manifest = await readManifest(directory);
  return manifest?.files.some((file) => file.path === path || file.path.startsWith(`${path}/`)) === true;
}

function wrong(path: string, problem: string): BodyOrAnswer {
  const cure = 'name a file of the set there, and in WHERRY_REQUIRE too';
  return { answer: { class: 'misconfigured', detail: `WHERRY_RELOAD_BODY: @${path} ${problem}; ${cure}` } };
}

function notNow(detail: string): BodyOrAnswer {
  return { answer: { class: 'not-up', detail } };
}

function typeOfText(text: string): string {
  try {
    JSON.parse(text);
    return 'application/json';
  } catch {
    return plainText;
  }
}

const plainText = 'text/plain; charset=utf-8';

const types: readonly (readonly [RegExp, string])[] = [
  [/\.json$/i, 'application/json'],
  [/\.ya?ml$/i, 'application/yaml'],
  [/\.toml$/i, 'application/toml'],
  [/\.xml$/i, 'application/xml'],
  [/^caddyfile|\.caddyfile$/i, 'text/caddyfile'],
];

/** What applications want to be told about a file's format, by its name. */
export function typeOfName(path: string): string {
  return types.find(([pattern]) => pattern.test(basename(path)))?.[1] ?? plainText;
}
