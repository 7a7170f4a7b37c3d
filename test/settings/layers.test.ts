import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSettings, SettingsErrors } from '../../src/settings/settings.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const base = { WHERRY_BASE_SOURCE: 'git', WHERRY_BASE_GIT_REPO: 'https://git.example.com/config.git' };
const site = {
  WHERRY_SITE_SOURCE: 's3',
  WHERRY_SITE_S3_BUCKET: 'site-config',
  WHERRY_SITE_S3_POINTER: 'current',
};
const needed = { WHERRY_LAYERS: 'base,site', ...base, ...site };

function load(env: NodeJS.ProcessEnv, flags: Record<string, string> = {}) {
  return loadSettings({ env, flags: new Map(Object.entries(flags)), complete: true });
}

function problemsOf(env: NodeJS.ProcessEnv, flags: Record<string, string> = {}): readonly string[] {
  try {
    load(env, flags);
  } catch (error) {
    if (error instanceof SettingsErrors) return error.problems;
    throw error;
  }
  return [];
}

describe('layers', () => {
  test('have settings of their own under the names that a source knows, and the common ones', () => {
    const { settings } = load({
      ...needed,
      WHERRY_SITE_MOUNT: 'overrides/',
      WHERRY_SITE_INCLUDE: '**/*.yaml',
      WHERRY_SYNC_TIMEOUT: '1m',
    });
    const [first, second] = settings.layerList ?? [];
    expect(settings.layerList?.map(({ name, mount }) => [name, mount])).toEqual([
      ['base', ''],
      ['site', 'overrides'],
    ]);
    expect(first?.settings).toMatchObject({ source: 'git', gitRef: 'HEAD', syncTimeout: 60_000 });
    expect(first?.settings.include).toBeUndefined();
    expect(second?.settings).toMatchObject({ source: 's3', s3Pointer: 'current', include: ['**/*.yaml'] });
    expect(second?.settings.gitRepo).toBeUndefined();
    expect(settings.source).toBeUndefined();
  });

  test('are not there without WHERRY_LAYERS', () => {
    const { settings } = load({ WHERRY_SOURCE: 'git', WHERRY_GIT_REPO: 'https://git.example.com/c.git' });
    expect(settings.layerList).toBeUndefined();
  });

  test('take flags, which win, and a - in a name is a _ in the variable', () => {
    const env = { WHERRY_LAYERS: 'eu-west', WHERRY_EU_WEST_SOURCE: 'git', WHERRY_EU_WEST_GIT_REF: 'a' };
    const flags = { '--eu-west-git-repo': 'https://git.example.com/c.git', '--eu-west-git-ref': 'b' };
    expect(load(env, flags).settings.layerList?.[0]?.settings.gitRef).toBe('b');
  });

  test('read values from files, and read them again when they change', async () => {
    const path = join(await temporaryDirectory(), 'token');
    await writeFile(path, 'first');
    const loaded = load({ ...needed, WHERRY_BASE_GIT_TOKEN_FILE: path });
    expect(loaded.settings.layerList?.[0]?.settings.gitToken).toBe('first');
    expect(loaded.reread()).toBeUndefined();
    await writeFile(path, 'second, longer');
    expect(loaded.reread()?.settings.layerList?.[0]?.settings.gitToken).toBe('second, longer');
  });

  test('are mounted at the root by . too', () => {
    const { settings } = load({ ...needed, WHERRY_SITE_MOUNT: '.', WHERRY_BASE_MOUNT: './a/b' });
    expect(settings.layerList?.map(({ mount }) => mount)).toEqual(['a/b', '']);
  });
});

describe('what is wrong with layers', () => {
  test.each([
    [{ WHERRY_LAYERS: 'Base' }, /^WHERRY_LAYERS: "Base" is not a list of different names/],
    [{ WHERRY_LAYERS: 'a,a' }, /^WHERRY_LAYERS: "a,a" is not a list of different names/],
    [{ WHERRY_LAYERS: ',' }, /^WHERRY_LAYERS: "," is not a list of different names/],
    [{ WHERRY_LAYERS: 'a-' }, /^WHERRY_LAYERS: "a-" is not a list of different names/],
    [{ WHERRY_LAYERS: 'git' }, /a layer "git" begin with WHERRY_GIT_, as the setting WHERRY_GIT_REPO does/],
    [{ WHERRY_LAYERS: 'reload' }, /"reload" begin with WHERRY_RELOAD_, as the setting WHERRY_RELOAD_URL/],
    [{ WHERRY_LAYERS: 'layers' }, /"layers" begin with WHERRY_LAYERS_, as the setting WHERRY_LAYERS_FILE/],
    [{ WHERRY_LAYERS: 'nats' }, /"nats" begin with WHERRY_NATS_, as the setting WHERRY_NATS_URL/],
    [{ WHERRY_LAYERS: 'a,a-git' }, /"a-git" begin with WHERRY_A_GIT_, as WHERRY_A_GIT_REPO of the layer "a"/],
    [{ WHERRY_LAYERS: 'base,site', ...base }, /^WHERRY_SITE_SOURCE: required; set it to git, s3 or dir$/],
    [
      { ...needed, WHERRY_SITE_S3_BUCKET: '' },
      /^WHERRY_SITE_S3_BUCKET: required with WHERRY_SITE_SOURCE=s3; set it to the name of the bucket$/,
    ],
    [
      { ...needed, WHERRY_SITE_S3_PREFIX: 'a/' },
      /^WHERRY_SITE_S3_POINTER, WHERRY_SITE_S3_PREFIX: only one of them can be the layout/,
    ],
    [
      { ...needed, WHERRY_BASE_GIT_USERNAME: 'me' },
      /^WHERRY_BASE_GIT_USERNAME: set without a password; set WHERRY_BASE_GIT_PASSWORD or WHERRY_BASE_GIT_PASSWORD_FILE$/,
    ],
    [
      { ...needed, WHERRY_BASE_S3_REGION: 'eu-west-1' },
      /^WHERRY_BASE_S3_REGION: has no effect without WHERRY_BASE_SOURCE=s3; remove it$/,
    ],
    [
      { ...needed, WHERRY_GIT_REPO: 'https://git.example.com/c.git' },
      /^WHERRY_GIT_REPO: with WHERRY_LAYERS each layer has its own; set WHERRY_BASE_GIT_REPO, WHERRY_SITE_GIT_REPO in its place$/,
    ],
    [{ ...needed, WHERRY_INCLUDE: '*' }, /^WHERRY_INCLUDE: with WHERRY_LAYERS each layer has its own/],
    [{ ...needed, WHERRY_SITE_MOUNT: '/etc' }, /^WHERRY_SITE_MOUNT: "\/etc" is not a path inside the set/],
    [{ ...needed, WHERRY_SITE_MOUNT: 'a/../b' }, /^WHERRY_SITE_MOUNT: "a\/..\/b" is not a path inside/],
    [{ ...needed, WHERRY_SITE_GIT_DEPTH: 'x' }, /^WHERRY_SITE_GIT_DEPTH: "x" is not a whole number from 0/],
    [
      { ...needed, WHERRY_SIET_S3_REGION: 'x' },
      /^WHERRY_SIET_S3_REGION: no such setting; did you mean WHERRY_SITE_S3_REGION\? WHERRY_LAYERS names base, site$/,
    ],
    [
      { ...needed, WHERRY_CERTIFICATES_S3_REGION: 'x' },
      /^WHERRY_CERTIFICATES_S3_REGION: no such setting; .* WHERRY_LAYERS names base, site$/,
    ],
    [
      { WHERRY_SOURCE: 'dir', WHERRY_DIR_PATH: '/a', WHERRY_TLS_MOUNT: 'b' },
      /^WHERRY_TLS_MOUNT: no such setting; `wherry settings` lists them all\. Those of a layer need/,
    ],
    [
      { WHERRY_SOURCE: 'dir', WHERRY_DIR_PATH: '/a', WHERRY_SITE_DIR_PATH: '/b' },
      /^WHERRY_SITE_DIR_PATH: no such setting; did you mean WHERRY_DIR_PATH\? Those of a layer need WHERRY_LAYERS$/,
    ],
    [
      { WHERRY_LAYERS: 'a', WHERRY_A_SOURCE: 'dir', WHERRY_A_DIR_PATH: '/config/x' },
      /^WHERRY_A_DIR_PATH: "\/config\/x" and WHERRY_TARGET "\/config" lie in each other/,
    ],
    [{ WHERRY_MOUNT: 'a' }, /^WHERRY_MOUNT: no such setting/],
  ])('%j is said in its own names', (env: NodeJS.ProcessEnv, problem) => {
    expect(problemsOf(env)).toContainEqual(expect.stringMatching(problem));
  });

  test('is said once: names that belong to a wrong list are not unknown too', () => {
    expect(problemsOf({ ...needed, WHERRY_LAYERS: 'base,site,Other' })).toHaveLength(1);
    expect(problemsOf({ ...needed, WHERRY_LAYERS: 'Base/Site' })).toHaveLength(1);
  });

  test('is no two names of which one begins as the other does, where no setting can be meant', () => {
    const env = { WHERRY_LAYERS: 'base,base-eu', ...base, WHERRY_BASE_EU_SOURCE: 'dir' };
    expect(problemsOf({ ...env, WHERRY_BASE_EU_DIR_PATH: '/eu' })).toEqual([]);
  });

  test('names the flag that was used', () => {
    expect(problemsOf(needed, { '--site-s3-concurrency': 'many' })).toEqual([
      expect.stringMatching(/^--site-s3-concurrency: "many" is not a whole number/),
    ]);
  });

  test('does not show a secret', () => {
    const secret = 'AKIA with spaces';
    expect(JSON.stringify(problemsOf({ ...needed, WHERRY_SITE_S3_SECRET_ACCESS_KEY: secret }))).not.toContain(
      secret,
    );
  });
});
