import { onTestFinished } from 'vitest';
import { S3Server, type S3ServerOptions } from './s3-server/server.ts';

export { generated } from './s3-server/content.ts';
export * as faults from './s3-server/faults.ts';
export type { SeenRequest } from './s3-server/request.ts';
export type { S3Server } from './s3-server/server.ts';

/** An S3 that fails as it is told, and ends with the test. Outside of tests: `S3Server.start`. */
export async function s3FaultServer(options: S3ServerOptions = {}): Promise<S3Server> {
  const server = await S3Server.start(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}
