import { expect, test } from 'vitest';
import { hasFullFile, runWithLostStderr } from '../support/lost-stderr.ts';

const logger = new URL('../../src/platform/logger.ts', import.meta.url).href;

test.skipIf(!hasFullFile).each(['json', 'pretty'])(
  'a log that cannot be written (%s) ends nothing',
  (format) => {
    const program = `
    import { createLogger } from ${JSON.stringify(logger)};
    const log = await createLogger({ level: 'info', format: '${format}' });
    for (let line = 0; line < 3; line += 1) {
      log.info({}, 'a line that is lost');
      await new Promise((resolve) => setImmediate(resolve));
    }
    process.stdout.write('went on');`;
    expect(runWithLostStderr(program)).toEqual({ status: 0, said: 'went on' });
  },
);
