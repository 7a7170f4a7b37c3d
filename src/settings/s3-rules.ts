import { hostOf, isLoopback } from '../platform/hosts.ts';
import { formatDuration } from '../platform/units.ts';
import { idle, idleWith } from './idle.ts';
import { parseTime } from './s3-kinds.ts';
import { type SettingKey, type Settings, variableName } from './schema.ts';

const layoutKeys = ['s3Object', 's3Archive', 's3Pointer', 's3Prefix'] as const satisfies SettingKey[];
const staticKeys = ['s3AccessKeyId', 's3SecretAccessKey', 's3SessionToken'] as const satisfies SettingKey[];

/** What the settings of a bucket need, exclude or have no effect without. */
export function s3Rules(settings: Settings, given: ReadonlySet<string>): readonly string[] {
  return [
    ...required(settings, given),
    ...layoutRules(settings, given),
    ...asOfRules(settings),
    ...endpointRules(settings, given),
    ...credentialRules(settings, given),
  ];
}

/** Given, but not parsed: that was reported already. */
function required({ s3Bucket }: Settings, given: ReadonlySet<string>): readonly string[] {
  const chosen = layoutKeys.filter((key) => given.has(key));
  const names = layoutKeys.map(variableName);
  return [
    ...(s3Bucket === undefined && !given.has('s3Bucket')
      ? ['WHERRY_S3_BUCKET: required with WHERRY_SOURCE=s3; set it to the name of the bucket']
      : []),
    ...(chosen.length === 1
      ? []
      : [
          `${(chosen.length === 0 ? names : chosen.map(variableName)).join(', ')}: ${
            chosen.length === 0 ? 'none is set' : 'only one of them can be the layout'
          }; set one, for how the set lies in the bucket`,
        ]),
  ];
}

function layoutRules(settings: Settings, given: ReadonlySet<string>): readonly string[] {
  const isPrefix = given.has('s3Prefix');
  const isMany = isPrefix || given.has('s3Pointer');
  return [
    ...(isPrefix ? [] : idle(['s3Marker', 's3Settle'], given, 'WHERRY_S3_PREFIX')),
    ...(isMany ? [] : idle(['s3BadKeys', 's3Concurrency'], given, 'WHERRY_S3_PREFIX or WHERRY_S3_POINTER')),
    ...(isPrefix && settings.s3Marker !== undefined
      ? idleWith(['s3Settle'], given, 'WHERRY_S3_MARKER, which tells when the set is whole')
      : []),
    ...(isPrefix && settings.s3Marker === undefined ? settleRules(settings, given) : []),
    ...(isPrefix && settings.s3AsOf !== undefined
      ? idleWith(['s3Settle'], given, 'WHERRY_S3_AS_OF, whose state is of the past')
      : []),
  ];
}

function settleRules({ s3Settle, syncTimeout }: Settings, given: ReadonlySet<string>): readonly string[] {
  if (!given.has('s3Settle') || s3Settle === undefined || syncTimeout === undefined) return [];
  if (s3Settle < syncTimeout) return [];
  const [settle, whole] = [s3Settle, syncTimeout].map(formatDuration);
  return [
    `WHERRY_S3_SETTLE: ${settle} is not shorter than WHERRY_SYNC_TIMEOUT (${whole}), within which the set must settle and be read; lower it, or raise that`,
  ];
}

function asOfRules({ s3AsOf, s3Prefix }: Settings): readonly string[] {
  if (s3AsOf === undefined) return [];
  const time = parseTime(s3AsOf);
  if (s3Prefix === undefined) {
    return time === undefined
      ? []
      : [`WHERRY_S3_AS_OF: "${s3AsOf}" is a time, and this layout has one object; name its version id`];
  }
  if (time === undefined) {
    return [
      `WHERRY_S3_AS_OF: "${s3AsOf}" is not a time such as 2026-11-22T23:59:59Z, which a prefix needs; write one`,
    ];
  }
  if (time <= Date.now()) return [];
  return [`WHERRY_S3_AS_OF: "${s3AsOf}" is still to come; name a time of the past`];
}

function endpointRules(settings: Settings, given: ReadonlySet<string>): readonly string[] {
  const { s3Endpoint: endpoint, s3SseCKey } = settings;
  if (endpoint === undefined) return [];
  const problems: string[] = [];
  if (endpoint.username !== '' || endpoint.password !== '') {
    problems.push(
      'WHERRY_S3_ENDPOINT: it holds a user name or password; set WHERRY_S3_ACCESS_KEY_ID and WHERRY_S3_SECRET_ACCESS_KEY instead',
    );
  }
  if (endpoint.search !== '' || endpoint.hash !== '') {
    problems.push('WHERRY_S3_ENDPOINT: it holds a ? or a #; write only scheme, host, port and path');
  }
  if (endpoint.protocol !== 'http:') return problems;
  problems.push(...idle(['s3Ca'], given, 'an https:// endpoint'));
  if (s3SseCKey !== undefined && !isLoopback(hostOf(endpoint))) {
    problems.push(
      'WHERRY_S3_SSE_C_KEY: the key would go over the network in the clear; use an https:// endpoint',
    );
  }
  return problems;
}

function credentialRules(settings: Settings, given: ReadonlySet<string>): readonly string[] {
  const { s3Credentials, s3AccessKeyId, s3SecretAccessKey, s3SessionToken } = settings;
  if (s3Credentials !== 'auto' && s3Credentials !== 'settings') {
    return idleWith(staticKeys, given, `WHERRY_S3_CREDENTIALS=${s3Credentials}`);
  }
  const missing = (key: SettingKey, other: SettingKey) =>
    `${variableName(key)}: missing, and ${variableName(other)} is set; set ${variableName(key)} or ${variableName(key)}_FILE too`;
  if (s3AccessKeyId !== undefined && !given.has('s3SecretAccessKey')) {
    return [missing('s3SecretAccessKey', 's3AccessKeyId')];
  }
  if (s3SecretAccessKey !== undefined && !given.has('s3AccessKeyId')) {
    return [missing('s3AccessKeyId', 's3SecretAccessKey')];
  }
  if (s3AccessKeyId !== undefined || given.has('s3AccessKeyId')) return [];
  if (s3SessionToken !== undefined) return [missing('s3AccessKeyId', 's3SessionToken')];
  return s3Credentials === 'settings'
    ? ['WHERRY_S3_ACCESS_KEY_ID, WHERRY_S3_SECRET_ACCESS_KEY: required with WHERRY_S3_CREDENTIALS=settings']
    : [];
}
