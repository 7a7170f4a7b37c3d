import { objectKey } from '../settings/s3-kinds.ts';
import type { Settings } from '../settings/schema.ts';
import { SettingsErrors } from '../settings/settings.ts';
import { isRev } from '../sources/s3/pointer/parse.ts';
import { blobsPrefix, type Place, parsePlace, releasesPrefix } from './place.ts';

/** What the command line asks for. */
export interface Words {
  readonly words: readonly string[];
  readonly switches: ReadonlySet<string>;
  readonly options: ReadonlyMap<string, string>;
}

/** What all three have in common. */
interface Common {
  readonly place: Place;
  readonly pointer: string;
  readonly comparesAndSwaps: boolean;
  readonly asJson: boolean;
}

export interface MakeOrder extends Common {
  readonly action: 'make';
  readonly directory: string;
  readonly rev: string | undefined;
  readonly message: string | undefined;
  readonly dryRun: boolean;
  readonly force: boolean;
}

export interface RollBackOrder extends Common {
  readonly action: 'roll-back';
  readonly rev: string | undefined;
  readonly dryRun: boolean;
  readonly force: boolean;
}

export interface ListOrder extends Common {
  readonly action: 'list';
  readonly limit: number;
}

export type Order = MakeOrder | RollBackOrder | ListOrder;

/** What has a meaning beside each action. */
const allowed: Readonly<Record<Order['action'], readonly string[]>> = {
  make: ['--pointer', '--rev', '--message', '--dry-run', '--force', '--no-compare-and-swap', '--json'],
  'roll-back': ['--pointer', '--rollback', '--dry-run', '--force', '--no-compare-and-swap', '--json'],
  list: ['--pointer', '--list', '--limit', '--json'],
};

const usage = {
  make: 'wherry release DIR s3://bucket/prefix --pointer KEY',
  'roll-back': 'wherry release s3://bucket/prefix --pointer KEY --rollback [REV]',
  list: 'wherry release s3://bucket/prefix --pointer KEY --list',
} as const;

/** Throws `SettingsErrors` that name all that is wrong. */
export function parseOrder(given: Words, settings: Pick<Settings, 's3Bucket' | 's3Pointer'>): Order {
  const { words, switches, options } = given;
  const action = options.has('--rollback') ? 'roll-back' : switches.has('--list') ? 'list' : 'make';
  const problems: string[] = [];
  for (const name of [...switches, ...options.keys()]) {
    if (!allowed[action].includes(name))
      problems.push(`${name}: has no meaning here; the form is \`${usage[action]}\``);
  }
  const expected = action === 'make' ? 2 : 1;
  if (words.length !== expected)
    problems.push(
      `release: takes ${expected === 2 ? 'a directory and a place' : 'a place alone'}; the form is \`${usage[action]}\``,
    );
  const [text = ''] = words.slice(expected - 1);
  const place = words.length === expected ? placeFrom(text, settings, problems) : undefined;
  const pointer = pointerFrom(options.get('--pointer'), settings, place, problems);
  const rest = restOf(action, given, problems);
  if (problems.length > 0 || place === undefined || pointer === undefined) throw new SettingsErrors(problems);
  const comparesAndSwaps = !switches.has('--no-compare-and-swap');
  return { ...rest, place, pointer, comparesAndSwaps, asJson: switches.has('--json') };
}

type Rest = Omit<MakeOrder, keyof Common> | Omit<RollBackOrder, keyof Common> | Omit<ListOrder, keyof Common>;

function restOf(action: Order['action'], { words, switches, options }: Words, problems: string[]): Rest {
  const dryRun = switches.has('--dry-run');
  const force = switches.has('--force');
  switch (action) {
    case 'make':
      return {
        action,
        directory: words[0] ?? '',
        rev: revFrom('--rev', options.get('--rev'), problems),
        message: options.get('--message'),
        dryRun,
        force,
      };
    case 'roll-back':
      // Without a name it is the one before.
      return {
        action,
        dryRun,
        force,
        rev: revFrom('--rollback', options.get('--rollback') || undefined, problems),
      };
    case 'list':
      return { action, limit: limitFrom(options.get('--limit'), problems) };
  }
}

function placeFrom(
  text: string,
  { s3Bucket }: Pick<Settings, 's3Bucket'>,
  problems: string[],
): Place | undefined {
  const place = parsePlace(text);
  if (place === undefined) {
    problems.push(`release: ${JSON.stringify(text)} is no place in a bucket; write s3://bucket/prefix`);
  } else if (s3Bucket !== undefined && s3Bucket.text !== place.bucket.text) {
    problems.push(
      `WHERRY_S3_BUCKET: it is "${s3Bucket.text}", and the place is in the bucket "${place.bucket.text}"; remove one of the two`,
    );
  }
  return place;
}

/** Where the readers look, so that one setting can serve both. */
function pointerFrom(
  option: string | undefined,
  { s3Pointer }: Pick<Settings, 's3Pointer'>,
  place: Place | undefined,
  problems: string[],
): string | undefined {
  const text = option ?? s3Pointer;
  if (text === undefined) {
    problems.push('--pointer: required; name the key that the readers have as WHERRY_S3_POINTER');
    return undefined;
  }
  if (option !== undefined && s3Pointer !== undefined && option !== s3Pointer) {
    problems.push(
      `--pointer: WHERRY_S3_POINTER names another key, ${JSON.stringify(s3Pointer)}; remove one of the two`,
    );
  }
  const pointer = objectKey.parse(text);
  if (pointer === undefined) problems.push(`--pointer: ${JSON.stringify(text)} is not ${objectKey.expected}`);
  else if (
    place !== undefined &&
    [blobsPrefix(place), releasesPrefix(place)].some((prefix) => pointer.startsWith(prefix))
  ) {
    problems.push(
      `--pointer: ${JSON.stringify(pointer)} lies among what never changes; name a key beside blobs/ and releases/`,
    );
  }
  return pointer;
}

function revFrom(name: string, text: string | undefined, problems: string[]): string | undefined {
  if (text === undefined || (isRev(text) && /^[A-Za-z0-9._-]+$/.test(text))) return text;
  problems.push(
    `${name}: ${JSON.stringify(text)} is no name of a release; use letters, digits and . _ -, a letter or digit first`,
  );
  return undefined;
}

function limitFrom(text: string | undefined, problems: string[]): number {
  const limit = text === undefined ? 20 : /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit === 0) problems.push(`--limit: "${text}" is not a whole number from 1`);
  return limit;
}
