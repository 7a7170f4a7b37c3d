import { expect, test } from 'vitest';
import { hasFullFile, runWithLostStderr } from '../support/lost-stderr.ts';

const report = new URL('../../src/commands/report.ts', import.meta.url).href;
const failure = new URL('../../src/failure/failure.ts', import.meta.url).href;

test.skipIf(!hasFullFile)('a reason that cannot be written leaves its exit code', () => {
  const program = `
    import { reportFatal } from ${JSON.stringify(report)};
    import { MissingError } from ${JSON.stringify(failure)};
    const code = reportFatal(new MissingError({ problem: 'there is nothing' }));
    await new Promise((resolve) => setImmediate(resolve));
    process.exit(code);`;
  expect(runWithLostStderr(program)).toEqual({ status: 4, said: '' });
});
