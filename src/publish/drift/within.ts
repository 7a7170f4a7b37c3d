import { chmod, lstat } from 'node:fs/promises';
import { systemCode } from '../../failure/failure.ts';

const ownerWrites = 0o300;

/** Changes entries of a directory, which may be closed, and leaves it with the mode that it had. */
export async function within<T>(directory: string, act: () => Promise<T>): Promise<T> {
  const { mode } = await lstat(directory);
  if ((mode & ownerWrites) === ownerWrites) return act();
  await chmod(directory, (mode & 0o7777) | ownerWrites);
  try {
    return await act();
  } finally {
    await chmod(directory, mode & 0o7777).catch((error: unknown) => {
      // It may be gone by now: that is the act's business.
      if (systemCode(error) !== 'ENOENT') throw error;
    });
  }
}
