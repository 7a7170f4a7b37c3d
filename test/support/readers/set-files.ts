/** The files of every set, all of one number; one lies deeper down. */
export const setPaths = ['a', 'b', 'deep/er/c', 'd'] as const;

const filling = '.'.repeat(6000);

/** A whole set: each file has its number at both ends. */
export function setOf(number: number): Readonly<Record<string, string>> {
  return Object.fromEntries(setPaths.map((path) => [path, `${number}\n${filling}\n${number}`]));
}

/** Undefined for a part of a file. */
export function numberOf(text: string): number | undefined {
  const [first, middle, last] = text.split('\n');
  return first === last && middle === filling ? Number(first) : undefined;
}
