import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { sayListing } from './listing-figures.ts';

/** Lists a prefix as a program with the AWS SDK does. */
await sayListing(({ endpoint, bucket, accessKeyId, secretAccessKey, prefix }) => {
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  return async () => {
    let keys = 0;
    const pages = paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix });
    for await (const { Contents = [] } of pages) keys += Contents.length;
    if (keys === 0) throw new Error('nothing was listed');
  };
});
