import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { inject, onTestFinished } from 'vitest';
import type { CephAccess } from './ceph-cluster.ts';
import { S3Writer } from './s3-writer.ts';
import { signedRequest } from './sigv4.ts';

export { hasCeph } from './ceph-cluster.ts';

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface CephUser extends S3Keys {
  readonly name: string;
  /** As policies name it. */
  readonly arn: string;
}

/** The Ceph gateway of this test run. Its own keys own every bucket. */
export interface Ceph extends CephAccess {
  /** A user who may nothing but what policies allow. */
  createUser(): Promise<CephUser>;
}

let running: Promise<Ceph> | undefined;

/** Starts it, if no test of this run has done so; a test run without tests of Ceph starts none. */
export function ceph(): Promise<Ceph> {
  running ??= connect();
  return running;
}

export interface BucketOptions {
  readonly versioning?: boolean;
  /** What others may do, in the words of a policy: made by `allow`. */
  readonly policy?: (bucket: string) => readonly object[];
}

export interface CephBucket extends CephAccess {
  readonly name: string;
  readonly region: string;
  readonly writer: S3Writer;
}

/** A fresh bucket of the gateway; the keys of its owner are with it. */
export async function bucket({ versioning = false, policy }: BucketOptions = {}): Promise<CephBucket> {
  const { endpoint, accessKeyId, secretAccessKey } = await ceph();
  const name = `test-${randomBytes(8).toString('hex')}`;
  const writer = new S3Writer({ endpoint, accessKeyId, secretAccessKey, bucket: name });
  onTestFinished(() => writer[Symbol.dispose]());
  await writer.createBucket();
  if (versioning) await writer.setVersioning('Enabled');
  if (policy !== undefined) await writer.setPolicy(policy(name));
  return { endpoint, accessKeyId, secretAccessKey, name, region: 'us-east-1', writer };
}

/** A statement of a policy: `allow(bucket, ['s3:GetObject'])`; everybody, unless a user is named. */
export function allow(bucketName: string, actions: readonly string[], user?: CephUser): object {
  return {
    Effect: 'Allow',
    Principal: user === undefined ? '*' : { AWS: [user.arn] },
    Action: actions,
    Resource: [`arn:aws:s3:::${bucketName}`, `arn:aws:s3:::${bucketName}/*`],
  };
}

async function connect(): Promise<Ceph> {
  const socket = net.connect(inject('cephSocket'));
  let text = '';
  for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  const { access, error } = JSON.parse(text) as { access?: CephAccess; error?: string };
  if (access === undefined) throw new Error(error);
  return { ...access, createUser: () => createUser(access) };
}

async function createUser(access: CephAccess): Promise<CephUser> {
  const name = `user-${randomBytes(6).toString('hex')}`;
  const accessKeyId = randomBytes(10).toString('hex').toUpperCase();
  const secretAccessKey = randomBytes(30).toString('base64url');
  const { host, hostname, port } = new URL(access.endpoint);
  const query = { uid: name, 'display-name': name, 'access-key': accessKeyId, 'secret-key': secretAccessKey };
  const { accessKeyId: ownerId, secretAccessKey: ownerSecret } = access;
  const keys = { accessKeyId: ownerId, secretAccessKey: ownerSecret };
  const toSign = {
    method: 'PUT',
    host,
    path: '/admin/user',
    query: Object.entries(query),
    body: '',
    ...keys,
  };
  const { target, headers } = signedRequest(toSign);
  const request = http.request({ hostname, port, method: 'PUT', path: target, headers, agent: false });
  const [response] = (await once(request.end(), 'response')) as [http.IncomingMessage];
  response.resume();
  if (response.statusCode !== 200) throw new Error(`Ceph made no user: ${response.statusCode}`);
  return { name, arn: `arn:aws:iam:::user/${name}`, accessKeyId, secretAccessKey };
}
