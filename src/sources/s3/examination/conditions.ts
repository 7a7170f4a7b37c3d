import { checkOf } from '../store/checksum.ts';
import type { S3Store } from '../store/s3-store.ts';
import { fine, type Observation, warning } from './observation.ts';

interface Polled {
  readonly key: string;
  readonly setting: string;
  /** The one that is followed, in the place of the newest. */
  readonly versionId: string | undefined;
  /** Whether the set is its content, so that this is how the set is checked. */
  readonly isContent: boolean;
}

/** Whether polls can be conditional, and how contents are checked. */
export async function conditions(
  { client, objectHeaders }: S3Store,
  { key, setting, versionId, isContent }: Polled,
  signal: AbortSignal,
): Promise<readonly Observation[]> {
  const get = async (more: Readonly<Record<string, string>>) => {
    const headers = { ...objectHeaders, ...more };
    const query = versionId === undefined ? {} : { versionId };
    using answer = await client.send(
      { operation: 'get', method: 'GET', key, setting, query, headers },
      signal,
    );
    return { status: answer.status, headers: answer.headers };
  };
  const { headers } = await get({});
  const { etag = '' } = headers;
  const again = await get({ 'if-none-match': etag });
  const other = await get({ 'if-match': '"00000000000000000000000000000000"' });
  const found = [
    again.status === 304
      ? fine('conditional requests work: a poll of what is unchanged moves no content')
      : warning(
          `the store ignores If-None-Match (HTTP ${again.status}): each poll begins to send the object`,
        ),
    other.status === 412
      ? fine('If-Match works: what is replaced while it is read is noticed')
      : warning(`the store ignores If-Match (HTTP ${other.status}): ETags are compared instead`),
  ];
  if (!isContent) return found;
  const check = await checkOf(headers, etag.replace(/^"(.*)"$/, '$1'));
  const how =
    check === undefined
      ? 'contents are checked by their length alone: the store sends no checksum of the whole object (`aws s3 cp --checksum-algorithm CRC32` would make one)'
      : `contents are checked by their length and ${check.name}`;
  return [...found, fine(how)];
}
