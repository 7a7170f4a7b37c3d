import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { printSettings } from '../../src/commands/settings.ts';

test.each([
  ['WHERRY_STATE_DIR', '<target>/..wherry  private'],
  ['WHERRY_GIT_REPO', 'required    https://'],
  ['WHERRY_S3_OBJECT', 'none        layout object: the set is this one file'],
])('the table for people says what %s is when it is not set', (variable, text) => {
  expect(table().find((line) => line.startsWith(`${variable} `))).toContain(text);
});

function table(): readonly string[] {
  const written: string[] = [];
  const out = new Writable({
    write: (chunk, _, done) => {
      written.push(String(chunk));
      done();
    },
  });
  printSettings(new Set(), out);
  return written;
}
