import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { RenewedWatch } from '../../src/sources/renewed-watch.ts';
import { RecordingLog } from '../support/recording-log.ts';

class Watcher extends EventEmitter {
  async close(): Promise<void> {}
}

const watchers: Watcher[] = [];
vi.mock('chokidar', () => ({
  watch: () => {
    const watcher = new Watcher();
    watchers.push(watcher);
    setImmediate(() => watcher.emit('ready'));
    return watcher;
  },
}));

test('that much of it cannot be watched is said once, and again of what took its place', async () => {
  const log = new RecordingLog();
  await using watch = new RenewedWatch('the directory', () => undefined, log);
  for (const identity of ['first', 'second']) {
    await watch.ensure({ identity, paths: ['/nowhere'], options: {} });
    for (const path of ['a', 'b', 'c']) watchers.at(-1)?.emit('error', new Error(`ENOSPC: ${path}`));
  }
  expect(log.of('warn').map(({ message }) => message)).toEqual([
    'the directory cannot be watched well; it is polled too',
    'the directory cannot be watched well; it is polled too',
  ]);
});
