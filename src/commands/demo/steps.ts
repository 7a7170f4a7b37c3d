import type { Change } from './repository.ts';

export interface Step {
  readonly title: string;
  /** What to look for, line by line. */
  readonly explanation: readonly string[];
  /** The commit's message. */
  readonly message: string;
  readonly change: Change;
  /** What the application must serve in the end; it is what it served before when the commit is a bad one. */
  readonly serves: string;
  readonly bad: boolean;
}

/** The set that the shop opens with. */
export const firstCommit: Change = {
  'shop.json': json({ release: 1, greeting: 'Welcome aboard!', currency: 'EUR' }),
  'prices.json': json({ release: 1, tea: 3 }),
  'hours.json': json({ release: 1, open: '8-18' }),
};

export const firstServes = '"Welcome aboard!" tea 3 EUR, open 8-18 (release 1)';

/** The commits of the story, in order. */
export const steps: readonly Step[] = [
  {
    title: 'A commit becomes a file and a reload',
    explanation: [
      'One file changes. The sidecar looks at the repository each 250 ms here (30 s unless it is told otherwise);',
      'most of the time until the files are there is the wait for its next look.',
    ],
    message: 'Greet in the evening',
    change: { 'shop.json': json({ release: 1, greeting: 'Good evening!', currency: 'EUR' }) },
    serves: '"Good evening!" tea 3 EUR, open 8-18 (release 1)',
    bad: false,
  },
  {
    title: 'Several files change together: one set, one reload',
    explanation: [
      'The application refuses files of different releases. It never gets to see such a mixture.',
    ],
    message: 'Release 2: dollars, new prices, longer hours',
    change: {
      'shop.json': json({ release: 2, greeting: 'Good evening!', currency: 'USD' }),
      'prices.json': json({ release: 2, tea: 4 }),
      'hours.json': json({ release: 2, open: '6-22' }),
    },
    serves: '"Good evening!" tea 4 USD, open 6-22 (release 2)',
    bad: false,
  },
  {
    title: 'A bad commit is rolled back',
    explanation: [
      'The application rejects it. The last good set returns, and the bad commit is not tried again.',
    ],
    message: 'Raise the price of tea (with a mistake)',
    change: { 'prices.json': json({ release: 2, tea: 'five' }) },
    serves: '"Good evening!" tea 4 USD, open 6-22 (release 2)',
    bad: true,
  },
  {
    title: 'The fix is delivered like any other commit',
    explanation: ['Nobody has to restart or unlock anything.'],
    message: 'Raise the price of tea',
    change: { 'prices.json': json({ release: 2, tea: 5 }) },
    serves: '"Good evening!" tea 5 USD, open 6-22 (release 2)',
    bad: false,
  },
];

/** A whole good set, whatever is in the repository. `number` makes it differ from the one before. */
export function goodCommit(number: number): Change {
  return {
    'shop.json': json({ release: 3, greeting: `Visitor number ${number}!`, currency: 'EUR' }),
    'prices.json': json({ release: 3, tea: 2 + number }),
    'hours.json': json({ release: 3, open: '0-24' }),
  };
}

/** A change that the application rejects. `number` makes it differ from the one before. */
export function badCommit(number: number): Change {
  return { 'prices.json': json({ release: 3, tea: `${number} pounds` }) };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
