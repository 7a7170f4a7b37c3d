import { expect, test } from 'vitest';
import { priceOf } from '../../../../src/sources/s3/examination/price.ts';

test.each([
  // 259,200 polls in 30 days.
  [
    { pollInterval: 10_000, kind: 'get', requests: 1 } as const,
    '259,200 conditional GETs',
    '$0.10',
    '$103.68',
  ],
  [{ pollInterval: 10_000, kind: 'list', requests: 1 } as const, '259,200 LISTs', '$1.30', '$1,296.00'],
  [
    { pollInterval: 10_000, kind: 'list', requests: 100 } as const,
    '25,920,000 LISTs',
    '$129.60',
    '$129,600.00',
  ],
])('%j is priced by the list of AWS', (polling, requests, one, thousand) => {
  expect(priceOf(polling, true)).toBe(
    `polling makes ${requests} a pod and month: ${one} for one pod, ${thousand} for a thousand (list price of S3 Standard in us-east-1)`,
  );
});

test('other stores have no price here', () => {
  expect(priceOf({ pollInterval: 30_000, kind: 'get', requests: 1 }, false)).toBe(
    'polling makes 86,400 conditional GETs a pod and month, 86,400,000 for a thousand pods',
  );
});

test('what is not polled costs nothing', () => {
  expect(priceOf({ pollInterval: 0, kind: 'get', requests: 1 }, true)).toContain('nothing is polled');
  expect(priceOf({ pollInterval: 10_000, kind: 'get', requests: 0 }, true)).toContain('cannot change');
});
