import type { Source } from '../../source.ts';

/** How a set lies in a bucket: everything of a source but its name. */
export type Layout = Pick<Source, 'probe' | 'snapshot' | 'write'> & AsyncDisposable;
