import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { CephCluster } from './ceph-cluster.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Who connects here is told how the gateway is reached; the first one makes it start. */
    cephSocket: string;
  }
}

const prefix = 'wherry-ceph-';

/** One Ceph for a whole test run, started by the first test that asks for it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeLeftovers();
  const directory = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
  let cluster: Promise<CephCluster> | undefined;
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    cluster ??= CephCluster.start(join(directory, 'cluster'));
    cluster.then(
      ({ access }) => socket.end(JSON.stringify({ access })),
      (error: unknown) => socket.end(JSON.stringify({ error: String(error) })),
    );
  });
  const path = join(directory, 'socket');
  await once(server.listen(path), 'listening');
  project.provide('cephSocket', path);
  return async () => {
    server.close();
    const started = await cluster?.catch(() => undefined);
    await started?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  };
}

/** The daemons of a run that was killed died with it; their files did not. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
