import net from 'node:net';
import { systemCode } from '../failure/failure.ts';
import { type Holder, parseHolder } from './holder.ts';

/*
 * An abstract socket (Linux): a name of the network namespace, which the containers of a pod share, and of no file. One
 * process at most listens on it, and the kernel frees it with that process, however it ends.
 */

/** So many may wait at once; who comes later asks again. */
const mostWaiting = 64;
/** A holder that has not said who it is after this time is waited for without a name. Milliseconds. */
const patience = 2000;
const longest = 8192;

/** Of a target: by its volume and its number there, whatever the path by which each container knows it. */
export function socketNameOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `wherry/target/${dev}:${ino}`;
}

function pathOf(name: string): string {
  return `\0${name}`;
}

/** Listens until it is disposed of, without keeping the process alive. Undefined: another process does. */
export async function listen(name: string, hello: () => string): Promise<AsyncDisposable | undefined> {
  const waiting = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    waiting.add(socket);
    socket.on('error', () => undefined).on('close', () => waiting.delete(socket));
    socket.unref().resume();
    socket.write(`${hello()}\n`);
  });
  server.maxConnections = mostWaiting;
  server.unref();
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  server.on('error', (error) => (systemCode(error) === 'EADDRINUSE' ? resolve(false) : reject(error)));
  server.listen(pathOf(name), () => resolve(true));
  if (!(await promise)) return undefined;
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of waiting) socket.destroy();
    },
  };
}

/** A holder that answered, and from which it is heard when it ends. */
export interface Conversation extends Disposable {
  /** Undefined when it did not say. */
  readonly holder: Holder | undefined;
  readonly gone: Promise<void>;
}

/** Undefined when nobody listens there. Rejects with the signal's reason when that is aborted. */
export async function ask(name: string, signal: AbortSignal): Promise<Conversation | undefined> {
  signal.throwIfAborted();
  const socket = net.connect(pathOf(name)).setEncoding('utf8');
  const { promise, resolve } = Promise.withResolvers<string>();
  let isConnected = false;
  let said = '';
  const gone = new Promise<void>((end) => socket.on('close', () => end()));
  socket.on('connect', () => {
    isConnected = true;
  });
  socket.on('error', () => undefined).on('close', () => resolve(said));
  socket.on('data', (text: string) => {
    said = (said + text).slice(0, longest);
    if (said.includes('\n')) resolve(said);
  });
  const timer = setTimeout(() => resolve(said), patience);
  const onAbort = () => resolve(said);
  signal.addEventListener('abort', onAbort);
  try {
    const line = await promise;
    signal.throwIfAborted();
    if (!isConnected || (socket.destroyed && line === '')) return undefined;
    return { holder: parseHolder(line), gone, [Symbol.dispose]: () => void socket.destroy() };
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
