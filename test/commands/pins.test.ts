import { describe, expect, test } from 'vitest';
import { pinFault } from '../../src/commands/pins.ts';
import { loadSettings } from '../../src/settings/settings.ts';

function faultOf(env: NodeJS.ProcessEnv, revision: string): string | undefined {
  const { settings } = loadSettings({ env, flags: new Map(), complete: false });
  return pinFault(settings, revision);
}

const git = { WHERRY_SOURCE: 'git' };
const object = { WHERRY_SOURCE: 's3', WHERRY_S3_OBJECT: 'app.yaml' };
const pointer = { WHERRY_SOURCE: 's3', WHERRY_S3_POINTER: 'current' };
const prefix = { WHERRY_SOURCE: 's3', WHERRY_S3_PREFIX: 'conf/' };
const marker = { ...prefix, WHERRY_S3_MARKER: 'done' };
const directory = { WHERRY_SOURCE: 'dir' };

describe('a pin', () => {
  test.each([
    [git, 'main'],
    [git, 'refs/tags/v1'],
    [object, 'version:3/L4'],
    [object, 'etag:0a1b'],
    [pointer, 'release:20261125T003614Z-63c65c9c'],
    [pointer, 'version:1'],
    [prefix, 'listing:0a'],
    [prefix, 'as-of:2026-11-22T23:59:59Z'],
    [marker, 'etag:0a@2026-11-22T23:59:59.000Z'],
    [directory, 'listing:0a'],
  ])('of %j may be %s', (env, revision) => {
    expect(faultOf(env, revision)).toBeUndefined();
  });

  test.each([
    [git, 'version:1', '"version:1" is not a branch, tag, refs/… or commit'],
    [object, 'main', '"main" is no state of this source, which the status calls version:…, etag:…'],
    [object, 'version:', 'is no state of this source'],
    [pointer, 'listing:0a', 'release:…, version:…, etag:…'],
    [prefix, 'as-of:yesterday', '"as-of:yesterday" has no time such as 2026-11-22T23:59:59Z'],
    [marker, 'listing:0a', 'version:…, etag:…, as-of:…'],
    [directory, 'main', 'which the status calls listing:…'],
  ])('of %j cannot be %s', (env, revision, words) => {
    expect(faultOf(env, revision)).toContain(words);
  });
});

describe('a pin of layers', () => {
  const layers = {
    WHERRY_LAYERS: 'base,site',
    WHERRY_BASE_SOURCE: 'git',
    WHERRY_SITE_SOURCE: 's3',
    WHERRY_SITE_S3_POINTER: 'current',
  };

  test.each(['base=main', 'site=release:r1', 'base=refs/tags/v1,site=version:1'])('may be %s', (revision) => {
    expect(faultOf(layers, revision)).toBeUndefined();
  });

  test.each([
    ['main', '"main" names no layer; write base=…, site=…, or some of them, with commas between them'],
    ['other=main', 'there is no layer "other"; WHERRY_LAYERS has base, site'],
    ['base=main,site=main', 'layer "site": "main" is no state of this source'],
  ])('cannot be %s', (revision, words) => {
    expect(faultOf(layers, revision)).toContain(words);
  });
});
