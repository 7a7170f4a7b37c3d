import { checkOf } from '../store/checksum.ts';
import type { S3Store } from '../store/s3-store.ts';
import { fine, type Observation, warning } from './observation.ts';

interface Polled {
  readonly key: string;
  readonly setting: string;
}

/** Whether polls can be conditional, and how contents are checked. */
export async function conditions(
  { client, objectHeaders }: S3Store,
  polled: Polled,
  signal: AbortSignal,
): Promise<readonly Observation[]> {
  const get = async (more: Readonly<Record<string, string>>) => {
    const headers = { ...objectHeaders, ...more };
    using answer = await client.send({ operation: 'get', method: 'GET', ...polled, headers }, signal);
    return { status: answer.status, headers: answer.headers };
  };
  const { headers } = await get({});
  const { etag = '' } = headers;
  const again = await get({ 'if-none-match': etag });
  const other = await get({ 'if-match': '"00000000000000000000000000000000"' });
  const check = await checkOf(headers, etag.replace(/^"(.*)"$/, '$1'));
  return [
    again.status === 304
      ? fine('conditional requests work: a poll of what is unchanged moves no content')
      : warning(
          `the store ignores If-None-Match (HTTP ${again.status}): each poll begins to send the object`,
        ),
    other.status === 412
      ? fine('If-Match works: what is replaced while it is read is noticed')
      : warning(`the store ignores If-Match (HTTP ${other.status}): ETags are compared instead`),
    check === undefined
      ? fine(
          'contents are checked by their length alone: the store sends no checksum of the whole object (`aws s3 cp --checksum-algorithm CRC32` would make one)',
        )
      : fine(`contents are checked by their length and ${check.name}`),
  ];
}
