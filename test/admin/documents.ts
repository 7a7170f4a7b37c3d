import type { StatusDocument } from '../../src/admin/status.ts';

export const now = new Date('2026-11-23T00:02:00.000Z');

/** Everything that a status can say. */
export const full: StatusDocument = {
  version: '1.2.3',
  source: 'https://git.example/config.git main',
  published: {
    generation: '..2026_11_22_23_59_59.1',
    revision: 'b0a1c2',
    digest: 'sha256:00',
    sequence: 7,
    publishedAt: '2026-11-22T23:59:59.000Z',
    files: 12,
    bytes: 3481,
  },
  sourceRevision: 'c3d4e5',
  targets: [
    {
      name: 'url1',
      acknowledged: 7,
      state: 'acknowledged',
      lastAnswer: { class: 'accepted', at: '2026-11-23T00:00:00.000Z' },
    },
    {
      name: 'signal',
      acknowledged: 0,
      state: 'pending',
      lastAnswer: {
        class: 'not-up',
        detail: 'no process "nginx" is running',
        at: '2026-11-23T00:00:00.000Z',
      },
    },
  ],
  pending: true,
  verification: { state: 'unverified', detail: 'GET /health answered 500' },
  rejected: { sequence: 7, detail: 'answered 400: no' },
  quarantined: 2,
  quarantine: {
    by: 'target',
    revision: 'c3d4e5',
    digest: 'sha256:11',
    reason: 'answered 500: banana',
    at: '2026-11-23T00:01:00.000Z',
  },
  rolledBack: {
    from: 'c3d4e5',
    by: 'target',
    reason: 'answered 500: banana',
    at: '2026-11-23T00:01:00.000Z',
  },
  hold: { at: '2026-11-23T00:01:00.000Z' },
  pin: { revision: 'b0a1c2', at: '2026-11-23T00:01:00.000Z' },
  rollsBackTo: 'a9b8c7',
  lastRequest: {
    id: 'one',
    action: 'hold',
    result: 'done',
    detail: 'nothing new is published',
    at: '2026-11-23T00:01:00.000Z',
  },
  lastSync: { at: '2026-11-23T00:01:00.000Z', result: 'published' },
  lastFailure: { kind: 'unreachable', message: 'no route to host', at: '2026-11-20T00:00:00.000Z' },
  lastContact: '2026-11-23T00:01:59.900Z',
  nextPoll: '2026-11-23T00:02:28.000Z',
};

export const empty: StatusDocument = {
  version: '1.2.3',
  source: '/srv/config.git',
  targets: [],
  pending: false,
  quarantined: 0,
};
