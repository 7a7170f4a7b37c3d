/** The applications that a preset is there for. */
export const presetNames = [
  'prometheus',
  'alertmanager',
  'fluent-bit',
  'grafana',
  'spring',
  'nginx',
  'haproxy',
  'envoy',
  'traefik',
  'otelcol',
  'caddy',
] as const;

export type PresetName = (typeof presetNames)[number];
