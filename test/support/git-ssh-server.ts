import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './temporary.ts';

const exec = promisify(execFile);
const sshd = '/usr/sbin/sshd';

export const hasSshd = existsSync(sshd);

/** A real sshd on loopback, in inetd mode behind a listener, so that its port is free for sure. */
export class GitSshServer {
  /** `ssh://user@127.0.0.1:port`. */
  readonly url: string;
  /** A private key that it lets in. */
  readonly key: string;
  /** What a client must know of it. */
  readonly knownHosts: string;
  connections = 0;

  private constructor(port: number, key: string, hostKey: string) {
    this.url = `ssh://${userInfo().username}@127.0.0.1:${port}`;
    this.key = key;
    this.knownHosts = `[127.0.0.1]:${port} ${hostKey}\n`;
  }

  static async start(): Promise<GitSshServer> {
    const directory = await temporaryDirectory();
    await newKey(join(directory, 'host'));
    const key = await newKey(join(directory, 'user'));
    await writeFile(join(directory, 'authorized'), await readFile(join(directory, 'user.pub')), {
      mode: 0o600,
    });
    const config = join(directory, 'sshd_config');
    await writeFile(config, configuration(directory));
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
    const children = new Set<ChildProcess>();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const hostKey = (await readFile(join(directory, 'host.pub'), 'utf8')).split(' ', 2).join(' ');
    const started = new GitSshServer((server.address() as AddressInfo).port, key, hostKey);
    server.on('connection', (socket) => {
      started.connections += 1;
      const child = spawn(sshd, ['-i', '-f', config], { stdio: ['pipe', 'pipe', 'ignore'] });
      children.add(child);
      socket.on('error', () => child.kill());
      socket.on('close', () => child.kill());
      child.stdin.on('error', () => undefined);
      socket.pipe(child.stdin);
      child.stdout.pipe(socket);
      child.once('close', () => children.delete(child));
    });
    onTestFinished(async () => {
      server.close();
      for (const child of children) child.kill('SIGKILL');
    });
    return started;
  }
}

/** Makes a key pair and gives the private key's text. */
export async function newKey(path: string): Promise<string> {
  await exec('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path]);
  return readFile(path, 'utf8');
}

function configuration(directory: string): string {
  return [
    `HostKey ${directory}/host`,
    `PidFile ${directory}/pid`,
    `AuthorizedKeysFile ${directory}/authorized`,
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'AcceptEnv GIT_PROTOCOL',
    '',
  ].join('\n');
}
