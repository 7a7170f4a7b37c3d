import net, { type NetConnectOpts } from 'node:net';
import { hostOf, isLocalhost, lookUpLocalhost } from '../../platform/hosts.ts';

/** So much of an answer is read. Bytes. */
const longestAnswer = 256 * 1024;

/**
 * Sends one command to HAProxy's CLI, and reads the answer to its end. Rejects with the system's error, or with the
 * signal's reason when that is aborted. No socket outlives it.
 */
export async function askCli(url: URL, command: string, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const socket = net.connect({ ...addressOf(url), allowHalfOpen: true });
  const abort = () => socket.destroy(new Error('given up'));
  signal.addEventListener('abort', abort);
  try {
    // It closes after the answer to the last command; this says that there is no other.
    socket.end(`${command}\n`);
    return await readToEnd(socket);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

async function readToEnd(socket: net.Socket): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.byteLength;
    if (length >= longestAnswer) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function addressOf(url: URL): NetConnectOpts {
  if (url.protocol === 'unix:') return { path: decode(url.pathname) };
  const host = hostOf(url);
  const both = isLocalhost(host) ? { lookup: lookUpLocalhost, autoSelectFamily: true } : {};
  return { host, port: Number(url.port), ...both };
}

/** A stray `%` in a path is taken as it stands. */
function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
