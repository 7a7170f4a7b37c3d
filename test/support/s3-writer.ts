import https from 'node:https';
import * as s3 from '@aws-sdk/client-s3';

export interface WriterOptions {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly bucket: string;
  readonly sessionToken?: string | undefined;
  readonly region?: string | undefined;
  /** The certificate of the server's authority. */
  readonly ca?: string | undefined;
}

export type PutOptions = Omit<s3.PutObjectCommandInput, 'Bucket' | 'Key' | 'Body'>;

export interface Written {
  /** Without quotes. */
  readonly etag: string;
  readonly versionId: string | undefined;
}

/** Whoever fills the bucket that is read: the AWS SDK, as other people's programs use it. */
export class S3Writer implements Disposable {
  readonly bucket: string;
  readonly client: s3.S3Client;

  constructor({ endpoint, accessKeyId, secretAccessKey, bucket, sessionToken, region, ca }: WriterOptions) {
    this.bucket = bucket;
    this.client = new s3.S3Client({
      endpoint,
      region: region ?? 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: ca === undefined ? {} : { httpsAgent: new https.Agent({ ca, keepAlive: true }) },
    });
  }

  async put(Key: string, body: string | Uint8Array = Key, options: PutOptions = {}): Promise<Written> {
    const Body = Buffer.from(body);
    return written(await this.#send(new s3.PutObjectCommand({ ...options, Bucket: this.bucket, Key, Body })));
  }

  /** Thousands of small objects, their keys as their content unless other bytes are given. */
  async putAll(objects: Iterable<string | readonly [string, string]>, concurrency = 32): Promise<void> {
    const queue = objects[Symbol.iterator]();
    const work = async () => {
      for (let next = queue.next(); next.done !== true; next = queue.next()) {
        const [key, body] = typeof next.value === 'string' ? [next.value, next.value] : next.value;
        await this.put(key, body);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, work));
  }

  /** In parts; all but the last one must have 5 MiB. */
  async putParts(Key: string, parts: readonly Uint8Array[]): Promise<Written> {
    const target = { Bucket: this.bucket, Key };
    const { UploadId } = await this.#send(new s3.CreateMultipartUploadCommand(target));
    const Parts = await Promise.all(
      parts.map(async (part, index) => {
        const Body = Buffer.from(part);
        const PartNumber = index + 1;
        const { ETag } = await this.#send(
          new s3.UploadPartCommand({ ...target, UploadId, PartNumber, Body }),
        );
        return { PartNumber, ETag };
      }),
    );
    await this.#send(
      new s3.CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
    );
    // Not every store tells the ETag when it completes an upload.
    return written(await this.#send(new s3.HeadObjectCommand(target)));
  }

  async copy(from: string, Key: string): Promise<void> {
    const CopySource = `${this.bucket}/${encodeURIComponent(from)}`;
    await this.#send(new s3.CopyObjectCommand({ Bucket: this.bucket, Key, CopySource }));
  }

  async delete(Key: string, VersionId?: string): Promise<Written> {
    return written(await this.#send(new s3.DeleteObjectCommand({ Bucket: this.bucket, Key, VersionId })));
  }

  async head(Key: string): Promise<s3.HeadObjectCommandOutput> {
    return this.#send(new s3.HeadObjectCommand({ Bucket: this.bucket, Key }));
  }

  async text(Key: string): Promise<string> {
    const { Body } = await this.#send(new s3.GetObjectCommand({ Bucket: this.bucket, Key }));
    return (await Body?.transformToString()) ?? '';
  }

  /** Every key below the prefix. */
  async list(Prefix = ''): Promise<readonly string[]> {
    const keys: string[] = [];
    const pages = s3.paginateListObjectsV2({ client: this.client }, { Bucket: this.bucket, Prefix });
    for await (const { Contents = [] } of pages) keys.push(...Contents.map(({ Key = '' }) => Key));
    return keys;
  }

  async createBucket(): Promise<void> {
    await this.#send(new s3.CreateBucketCommand({ Bucket: this.bucket }));
  }

  async setVersioning(Status: 'Enabled' | 'Suspended'): Promise<void> {
    await this.#send(
      new s3.PutBucketVersioningCommand({ Bucket: this.bucket, VersioningConfiguration: { Status } }),
    );
  }

  async setPolicy(statements: readonly object[]): Promise<void> {
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
    await this.#send(new s3.PutBucketPolicyCommand({ Bucket: this.bucket, Policy }));
  }

  async #send<I extends s3.ServiceInputTypes, O extends s3.ServiceOutputTypes>(
    command: SdkCommand<I, O>,
  ): Promise<O> {
    return this.client.send(command);
  }

  [Symbol.dispose](): void {
    this.client.destroy();
  }
}

type SdkCommand<I extends s3.ServiceInputTypes, O extends s3.ServiceOutputTypes> = Parameters<
  typeof s3.S3Client.prototype.send<I, O>
>[0];

function written(output: { readonly ETag?: string | undefined; readonly VersionId?: string | undefined }) {
  return { etag: (output.ETag ?? '').replaceAll('"', ''), versionId: output.VersionId };
}
