import type { Preset } from './preset.ts';

const subscription =
  '(listener_manager\\.lds|cluster_manager\\.cds|http\\..+\\.(rds|scoped_rds)\\..+|sds\\..+)';

/**
 * Envoy is told by the swap itself, through `watched_directory`; its statistics say what it made of it. Endpoints are
 * left out: the same names count every DNS look-up of a cluster.
 */
export const envoy: Preset = {
  application: 'Envoy',
  settings: { reloadUrl: 'http://127.0.0.1:9901/' },
  call: 'none',
  confirm: {
    kind: 'counters',
    path: '/stats?filter=update_%7Cruntime.load_',
    taken: new RegExp(`^(${subscription}\\.update_success|runtime\\.load_success)$`),
    rejected: new RegExp(`^(${subscription}\\.update_(rejected|failure)|runtime\\.load_error)$`),
    takenAt: new RegExp(`^${subscription}\\.update_time$`),
    cure: 'give each path_config_source of Envoy a watched_directory with the path of the target',
  },
  cures: { 403: 'let this container use the admin interface of Envoy' },
  validator: 'envoy --mode validate -c {staged}/envoy.yaml',
};
