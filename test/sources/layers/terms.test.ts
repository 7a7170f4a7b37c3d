import { expect, test } from 'vitest';
import {
  DeniedError,
  MissingError,
  RefusedError,
  SettingsError,
  TargetError,
  UnreachableError,
  UnsettledError,
} from '../../../src/failure/failure.ts';
import { inTermsOfLayer, logOfLayer } from '../../../src/sources/layers/terms.ts';
import { RecordingLog } from '../../support/recording-log.ts';

test('a failure names the settings as the user wrote them, and stays of its kind', () => {
  const failure = inTermsOfLayer(
    new DeniedError({
      setting: 'WHERRY_GIT_PASSWORD',
      problem: 'HTTP 401 of WHERRY_GIT_REPO',
      cure: 'set WHERRY_GIT_PASSWORD_FILE, or WHERRY_SYNC_TIMEOUT',
    }),
    'eu-west',
  );
  expect(failure).toBeInstanceOf(DeniedError);
  expect(failure.message).toBe(
    'WHERRY_EU_WEST_GIT_PASSWORD: HTTP 401 of WHERRY_EU_WEST_GIT_REPO; set WHERRY_EU_WEST_GIT_PASSWORD_FILE, or WHERRY_SYNC_TIMEOUT',
  );
});

test('one that names no setting of a layer names the layer', () => {
  expect(inTermsOfLayer(new RefusedError({ problem: 'the path "/a" is absolute' }), 'site').message).toBe(
    'layer "site": the path "/a" is absolute',
  );
  const common = new RefusedError({ setting: 'WHERRY_MAX_FILES', problem: 'too many' });
  expect(inTermsOfLayer(common, 'site').message).toBe('WHERRY_MAX_FILES: layer "site": too many');
});

test.each([SettingsError, MissingError, UnreachableError, UnsettledError, RefusedError, TargetError])(
  'a %o stays one',
  (Kind) => {
    const failure = inTermsOfLayer(new Kind({ problem: 'x' }), 'site');
    expect(failure).toBeInstanceOf(Kind);
  },
);

test('what nobody foresaw becomes a failure of the layer', () => {
  expect(inTermsOfLayer(new TypeError('x is not a function'), 'site')).toMatchObject({
    kind: 'unexpected',
    message: 'layer "site": unexpected: x is not a function',
  });
});

test('the log of a layer names it, and its settings', () => {
  const log = new RecordingLog();
  logOfLayer(log, 'site').warn({ setting: 'WHERRY_S3_MARKER', count: 1 }, 'without WHERRY_S3_MARKER');
  expect(log.lines).toEqual([
    {
      level: 'warn',
      fields: { layer: 'site', setting: 'WHERRY_SITE_S3_MARKER', count: 1 },
      message: 'without WHERRY_SITE_S3_MARKER',
    },
  ]);
});
