import { describe, expect, test } from 'vitest';
import { createTargets } from '../../src/reload/targets.ts';
import { settingsOf } from './context.ts';

function targetsOf(env: Readonly<Record<string, string>>) {
  return createTargets({ settings: settingsOf(env), targetDir: '/config', stateDir: '/nowhere', env: {} });
}

describe('the targets of the settings', () => {
  test('are told in order: URLs as they are listed, process, command, sentinel, and last the acknowledgement', () => {
    const targets = targetsOf({
      WHERRY_RELOAD_URL: 'http://127.0.0.1:1/a, http://127.0.0.1:1/b',
      WHERRY_RELOAD_SIGNAL: 'HUP',
      WHERRY_RELOAD_PROCESS: 'nginx',
      WHERRY_RELOAD_EXEC: 'true',
      WHERRY_SENTINEL: 'reload.json',
      WHERRY_ACK: 'loaded',
    });
    expect(targets.map(({ name, identity }) => [name, identity])).toEqual([
      ['url1', 'POST http://127.0.0.1:1/a'],
      ['url2', 'POST http://127.0.0.1:1/b'],
      ['signal', 'SIGHUP nginx'],
      ['exec', expect.stringMatching(/^command [0-9a-f]{4}$/)],
      ['sentinel', 'reload.json'],
      ['ack', 'loaded'],
    ]);
  });

  test('are none when nothing is set', () => {
    expect(targetsOf({})).toEqual([]);
  });

  test('have identities that tell queries apart and hold no secret', () => {
    const identityOf = (url: string) => targetsOf({ WHERRY_RELOAD_URL: url })[0]?.identity ?? '';
    const one = identityOf('http://u:hunter22@app/reload?token=qwertz1');
    expect(one).toMatch(/^POST http:\/\/app\/reload\?[0-9a-f]{4}$/);
    expect(identityOf('http://app/reload?token=qwertz2')).not.toBe(one);
    expect(identityOf('http://other:x@app/reload?token=qwertz1')).toBe(one);
  });
});
