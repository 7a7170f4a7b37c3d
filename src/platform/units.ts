const millisecondsOf = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const bytesOf = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** `500ms`, `30s`, `5m`, `1h`, or `0` → milliseconds; anything else → undefined. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  return parseQuantity(text, millisecondsOf);
}

/** `512B`, `64KiB`, `1MiB`, `1GiB` → bytes; anything else → undefined. */
export function parseSize(text: string): number | undefined {
  if (text === '0') return 0;
  return parseQuantity(text, bytesOf);
}

/** Milliseconds in the largest unit that needs no fraction: `90000` → `90s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0';
  return formatQuantity(milliseconds, millisecondsOf);
}

/** Bytes in the largest unit that needs no fraction: `1048576` → `1MiB`. */
export function formatSize(bytes: number): string {
  if (bytes === 0) return '0';
  return formatQuantity(bytes, bytesOf);
}

const sizes = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** For people: `1.2 MiB`. */
export function roundSize(bytes: number): string {
  const step = Math.min(sizes.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1024 ** step;
  return `${step === 0 ? amount : amount.toFixed(1)} ${sizes[step]}`;
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text);
  const factor = match?.[2] === undefined ? undefined : units[match[2]];
  if (match?.[1] === undefined || factor === undefined) return undefined;
  const value = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(value) ? value : undefined;
}

function formatQuantity(value: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).filter(([, factor]) => value % factor === 0);
  const [unit, factor] = fitting.at(-1) ?? ['', 1];
  return `${value / factor}${unit}`;
}
