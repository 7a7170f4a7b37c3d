import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { driftBench, isWatched, realRoot, turning } from '../../support/drift-bench.ts';

const timeout = 20_000;

test.each(['symlink', 'rename'] as const)(
  'in %s mode nothing is put back in a target that another took',
  async (mode) => {
    let isTaken = false;
    const { start, source, signal, target, log, told } = await driftBench({
      mode,
      engine: { isTaken: async () => isTaken },
    });
    const engine = await start();
    source.set('r1', { a: '1' });
    await engine.look(signal);
    await expect.poll(() => engine.state?.good?.sequence, { timeout }).toBe(1);
    turning(engine);
    await isWatched(engine);
    isTaken = true;
    const path = join(await realRoot(mode, target), 'a');
    await writeFile(path, "the other's");
    const said = () => log.lines.map(({ message }) => message).join('\n');
    await expect.poll(said, { timeout }).toMatch(/not put back yet: .*was taken over by another Wherry/);
    expect(await readFile(path, 'utf8')).toBe("the other's");
    expect(told).toHaveLength(1);
    expect(engine.state?.published?.sequence).toBe(1);
    isTaken = false;
    await expect.poll(() => readFile(path, 'utf8'), { timeout }).toBe('1');
  },
);
