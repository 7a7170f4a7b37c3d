import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { type CephPlace, cephConf } from './ceph-conf.ts';
import { freePorts, listens } from './ports.ts';

const exec = promisify(execFile);
const startTimeout = 60_000;

/** How the gateway is reached, by one who may do everything. */
export interface CephAccess {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Whether Debian's ceph-mon, ceph-osd and radosgw are here. */
export const hasCeph = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'osdmaptool', 'setpriv'].every(
  isInPath,
);

/** A Ceph cluster of one monitor, one store in memory and one S3 gateway, on loopback. */
export class CephCluster implements AsyncDisposable {
  readonly access: CephAccess;
  readonly #daemons: readonly ChildProcess[];
  readonly #directory: string;

  private constructor(access: CephAccess, daemons: readonly ChildProcess[], directory: string) {
    this.access = access;
    this.#daemons = daemons;
    this.#directory = directory;
  }

  /** In a directory that does not exist yet, and goes with the cluster. */
  static async start(directory: string): Promise<CephCluster> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await CephCluster.#tryStart(directory);
      } catch (error) {
        // Somebody was quicker to take one of the ports.
        if (attempt === 3) throw error;
      }
    }
  }

  static async #tryStart(directory: string): Promise<CephCluster> {
    const [monitorPort = 0, gatewayPort = 0] = await freePorts(2);
    const place = { directory, fsid: randomUUID(), monitorPort, gatewayPort };
    const keys = {
      accessKeyId: randomBytes(10).toString('hex').toUpperCase(),
      secretAccessKey: randomBytes(30).toString('base64url'),
    };
    const daemons: ChildProcess[] = [];
    try {
      await prepare(place);
      await startDaemons(place, daemons);
      await createOwner(directory, keys);
    } catch (error) {
      const logs = await tails(directory);
      await end(daemons, directory);
      throw new Error(`Ceph did not start: ${String(error)}\n${logs}`);
    }
    return new CephCluster({ endpoint: `http://127.0.0.1:${gatewayPort}`, ...keys }, daemons, directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#daemons, this.#directory);
  }
}

/** The maps and the empty stores, made offline: asking a running monitor takes seconds. */
async function prepare(place: CephPlace): Promise<void> {
  const { directory, fsid, monitorPort } = place;
  for (const name of ['mon', 'osd', 'log']) await mkdir(join(directory, name), { recursive: true });
  await writeFile(join(directory, 'ceph.conf'), cephConf(place));
  const monmap = join(directory, 'monmap');
  const osdmap = join(directory, 'osdmap');
  const address = `[v1:127.0.0.1:${monitorPort}]`;
  await Promise.all([
    run(directory, 'monmaptool', ['--create', '--clobber', '--fsid', fsid, '--addv', 'a', address, monmap]),
    run(directory, 'osdmaptool', ['--createsimple', '1', osdmap, '--pg-num', '1', '--clobber']),
  ]);
  await Promise.all([
    run(directory, 'ceph-mon', [
      '--no-mon-config',
      '--mkfs',
      '-i',
      'a',
      '--monmap',
      monmap,
      '--osdmap',
      osdmap,
    ]),
    run(directory, 'ceph-osd', ['--no-mon-config', '--mkfs', '-i', '0', '--osd-uuid', randomUUID()]),
  ]);
}

async function startDaemons({ directory, monitorPort, gatewayPort }: CephPlace, daemons: ChildProcess[]) {
  const ended = new AbortController();
  const start = async (name: string, ...flags: string[]) => {
    await using log = await open(join(directory, 'log', `${name}.out`), 'w');
    // They must not outlive a test run that is killed.
    const daemon = spawn('setpriv', ['--pdeathsig', 'KILL', name, '-f', ...flags], {
      env: environment(directory),
      stdio: ['ignore', log.fd, log.fd],
    });
    daemon.once('exit', (code) => ended.abort(new Error(`${name} ended with ${code}`)));
    daemon.once('error', (error) => ended.abort(error));
    daemons.push(daemon);
  };
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(startTimeout)]);
  await start('ceph-mon', '-i', 'a');
  await listens(monitorPort, signal);
  await start('ceph-osd', '--no-mon-config', '-i', '0');
  await start('radosgw', '--no-mon-config', '-n', 'client.rgw.a');
  await listens(gatewayPort, signal);
}

async function createOwner(directory: string, keys: Omit<CephAccess, 'endpoint'>): Promise<void> {
  const name = ['--uid=owner', '--display-name=owner', '--caps=users=*'];
  const pair = [`--access-key=${keys.accessKeyId}`, `--secret-key=${keys.secretAccessKey}`];
  await run(directory, 'radosgw-admin', [
    '--no-mon-config',
    '-n',
    'client.rgw.a',
    'user',
    'create',
    ...name,
    ...pair,
  ]);
}

async function run(directory: string, program: string, args: readonly string[]): Promise<void> {
  await exec(program, args, { env: environment(directory), timeout: startTimeout, killSignal: 'SIGKILL' });
}

function environment(directory: string): NodeJS.ProcessEnv {
  return { ...process.env, CEPH_CONF: join(directory, 'ceph.conf') };
}

async function end(daemons: readonly ChildProcess[], directory: string): Promise<void> {
  await Promise.all(
    daemons.map(async (daemon) => {
      if (daemon.pid === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
      const exited = once(daemon, 'exit');
      daemon.kill('SIGKILL');
      await exited;
    }),
  );
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

async function tails(directory: string): Promise<string> {
  const names = ['ceph-mon.out', 'ceph-osd.out', 'radosgw.out'];
  const texts = await Promise.all(
    names.map((name) => readFile(join(directory, 'log', name), 'utf8').catch(() => '')),
  );
  return texts.map((text, index) => `${names[index]}: ${text.slice(-1000).trim()}`).join('\n');
}

function isInPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
