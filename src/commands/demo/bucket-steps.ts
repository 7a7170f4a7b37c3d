import type { Change } from './repository.ts';

export interface BucketStep {
  readonly title: string;
  /** What to look for, line by line. */
  readonly explanation: readonly string[];
  readonly action: 'release' | 'roll-back';
  /** What is written into the directory before. */
  readonly change: Change;
  /** How many contents must be uploaded. */
  readonly uploads: number;
  /** Whether the pointer must move. */
  readonly moves: boolean;
  /** What the application must serve in the end. */
  readonly serves: string;
}

const firstServes = '"Ahoy from the bucket!" tea 3 EUR, open 8-18 (release 7)';
const secondServes = '"Ahoy from the bucket!" tea 6 EUR, open 8-18 (release 7)';

/** After it the sidecar starts. */
export const firstRelease: BucketStep = {
  title: 'A directory becomes a release, and the second sidecar starts',
  explanation: ['Contents go up first, each named by its digest; the pointer moves last.'],
  action: 'release',
  change: {
    'shop.json': json({ release: 7, greeting: 'Ahoy from the bucket!', currency: 'EUR' }),
    'prices.json': json({ release: 7, tea: 3 }),
    'hours.json': json({ release: 7, open: '8-18' }),
  },
  uploads: 3,
  moves: true,
  serves: firstServes,
};

/** The releases that follow, in order. */
export const bucketSteps: readonly BucketStep[] = [
  {
    title: 'One file changes: one content goes up, one comes down, one reload',
    explanation: ['What is in the bucket already is neither sent nor fetched again.'],
    action: 'release',
    change: { 'prices.json': json({ release: 7, tea: 6 }) },
    uploads: 1,
    moves: true,
    serves: secondServes,
  },
  {
    title: 'The same bytes again: nothing moves',
    explanation: [
      'A pipeline may release as often as it likes. Meanwhile the requests of the sidecar are counted.',
    ],
    action: 'release',
    change: { 'prices.json': json({ release: 7, tea: 6 }) },
    uploads: 0,
    moves: false,
    serves: secondServes,
  },
  {
    title: 'The release before comes back',
    explanation: ['Its contents and its document are still there: the pointer moves, and that is all.'],
    action: 'roll-back',
    change: {},
    uploads: 0,
    moves: true,
    serves: firstServes,
  },
];

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
