import type { Preset } from './preset.ts';

/** Its 200 only says that the reload is queued: the number of reloads that worked tells what became of it. */
export const fluentBit: Preset = {
  application: 'Fluent Bit',
  settings: {
    reloadUrl: 'http://127.0.0.1:2020/api/v2/reload',
    reloadMethod: 'POST',
    reloadBody: '{}',
    reloadExpect: '200',
  },
  busy: [
    {
      status: 400,
      body: /in progress|"status"\s*:\s*-2\b/,
      cure: 'a reload that stays in progress is stuck: restart Fluent Bit then',
    },
  ],
  misconfigured: [
    {
      status: 200,
      body: /not enabled/,
      cure: 'start Fluent Bit with hot_reload on, or with --enable-hot-reload',
    },
  ],
  confirm: { kind: 'json-rises', path: '/api/v2/reload', pointer: '/hot_reload_count' },
  cures: { 404: 'set http_server on in the service section of Fluent Bit, which must be 2.1 or newer' },
  validator: 'fluent-bit --dry-run -c {staged}/fluent-bit.yaml',
};
