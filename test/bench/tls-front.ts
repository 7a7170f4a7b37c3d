import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import net, { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';

/** The certificate in the served directory; it is its own authority. */
export const certificateName = 'localhost.pem';

/** Puts TLS before a server of this process, on another port; gives back its URL. */
export async function tlsFront(url: string, directory: string): Promise<string> {
  const cert = join(directory, certificateName);
  const key = join(directory, 'localhost.key');
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
    ...['-keyout', key, '-out', cert],
  ]);
  const port = Number(new URL(url).port);
  // Like any web server: otherwise the second part of an answer waits 40 ms for the first to be acknowledged.
  const options = { cert: await readFile(cert), key: await readFile(key), noDelay: true };
  const front = tls.createServer(options, (client) => {
    const server = net.connect({ port, host: '127.0.0.1', noDelay: true });
    client.pipe(server).pipe(client);
    for (const [one, other] of [[client, server] as const, [server, client] as const]) {
      one.on('error', () => other.destroy()).once('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve, reject) => front.once('error', reject).listen(0, '127.0.0.1', resolve));
  return `https://localhost:${(front.address() as AddressInfo).port}`;
}
