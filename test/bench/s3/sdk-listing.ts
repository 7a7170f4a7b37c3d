import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { peakOf } from '../measure.ts';
import type { S3Place } from './store.ts';

/** Lists a prefix with the AWS SDK, some times after a first one, and says what one listing took. */
interface Options extends S3Place {
  readonly prefix: string;
  readonly listings: number;
}

const [text = '{}'] = process.argv.slice(2);
const { endpoint, bucket, accessKeyId, secretAccessKey, prefix, listings } = JSON.parse(text) as Options;
const client = new S3Client({
  endpoint,
  region: 'us-east-1',
  forcePathStyle: true,
  credentials: { accessKeyId, secretAccessKey },
});

async function list(): Promise<number> {
  let keys = 0;
  const pages = paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix });
  for await (const { Contents = [] } of pages) keys += Contents.length;
  return keys;
}

await list();
const before = process.cpuUsage();
for (let count = 0; count < listings; count += 1) await list();
const { user, system } = process.cpuUsage(before);
const cpu = (user + system) / 1000 / listings;
const mebibyte = 1024 * 1024;
console.log(
  JSON.stringify({ cpu, peak: await peakOf(process.pid), rss: process.memoryUsage.rss() / mebibyte }),
);
client.destroy();
