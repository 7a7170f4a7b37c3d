/**
 * The name of the clone of what this text tells, the same at every start: FNV-1a in 64 bits. It need only differ from the
 * few others beside it, and is wanted before git runs, when no cryptography is loaded.
 */
export function cloneNameOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return `repo-${hash.toString(16).padStart(16, '0')}`;
}

/** What tells one half-made clone from another. */
export function passingSuffix(): string {
  return Math.random().toString(36).slice(2, 10).padEnd(8, '0');
}
