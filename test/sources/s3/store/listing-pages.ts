import type { FetchPage, ListOptions } from '../../../../src/sources/s3/store/paging.ts';

export const time = '2026-11-22T23:59:59.000Z';
export const options: ListOptions = { display: 's3://cfg', bucket: 'cfg', prefix: 'conf/' };

export interface PageParts {
  readonly keys?: readonly string[];
  readonly fields?: string;
  readonly name?: string;
  readonly contents?: string;
}

export function object(key: string, inner = ''): string {
  return `<Contents><Key>${key}</Key><LastModified>${time}</LastModified><ETag>&quot;e1&quot;</ETag><Size>5</Size>${inner}</Contents>`;
}

export function page({
  keys = [],
  fields = '',
  name = '<Name>cfg</Name>',
  contents = '',
}: PageParts): string {
  const count = fields.includes('KeyCount') ? '' : `<KeyCount>${keys.length}</KeyCount>`;
  const more = fields.includes('IsTruncated') ? '' : '<IsTruncated>false</IsTruncated>';
  const objects = keys.map((key) => object(key)).join('');
  return `<?xml version="1.0"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${name}<Prefix>conf/</Prefix>${count}${more}${fields}${objects}${contents}</ListBucketResult>`;
}

export function more(token: string): string {
  return `<IsTruncated>true</IsTruncated><NextContinuationToken>${token}</NextContinuationToken>`;
}

/** Answers with one document after the other, and notes what was asked. */
export function server(documents: readonly string[]) {
  const asked: Readonly<Record<string, string>>[] = [];
  const fetchPage: FetchPage = async (query) => {
    asked.push(query);
    return Buffer.from(documents[asked.length - 1] ?? 'there is no such page');
  };
  return { asked, fetchPage };
}
