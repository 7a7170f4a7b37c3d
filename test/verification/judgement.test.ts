import { describe, expect, test } from 'vitest';
import { expectation } from '../../src/settings/gate-kinds.ts';
import { expectationText, faultOf, parseTrace, traceText } from '../../src/verification/judgement.ts';

function expected(text: string) {
  const parsed = expectation.parse(text);
  if (parsed === undefined) throw new Error(text);
  return parsed;
}

test.each<[string, number, string, string | undefined]>([
  ['2xx', 204, '', undefined],
  ['2xx', 503, '', ''],
  ['200,503', 503, '', undefined],
  ['json:/status=ready', 200, '{"status":"ready"}', undefined],
  ['json:/status=ready', 503, '{"status":"ready"}', ''],
  ['json:/status=ready', 200, '{"status":"starting"}', '"/status" is "starting"'],
  ['json:/status=ready', 200, '{}', 'it holds nothing at "/status"'],
  ['json:/status=ready', 200, 'ready', 'it is no JSON'],
  ['json:/n=3', 200, '{"n":3}', undefined],
  ['json:/n=3', 200, '{"n":"3"}', undefined],
  ['json:/n="3"', 200, '{"n":"3"}', undefined],
  ['json:/n="3"', 200, '{"n":3}', '"/n" is 3'],
  ['json:/a=[1,2]', 200, '{"a":[1, 2]}', undefined],
  ['json:/ok=true', 200, '{"ok":true}', undefined],
  ['json:/x=', 200, '{"x":""}', undefined],
  ['json:=1', 200, '1', undefined],
])('%s, %d %s: %j', (text, status, body, fault) => {
  expect(faultOf(expected(text), { status, body }, undefined)).toBe(fault);
});

describe('a value that is to change', () => {
  const changes = expected('json:/n changes');
  const traceOf = (body: string, status = 200) => parseTrace(traceText(changes, { status, body }));
  const answer = (body: string) => ({ status: 200, body });

  test('is another one than before', () => {
    expect(faultOf(changes, answer('{"n":4}'), traceOf('{"n":3}'))).toBeUndefined();
    expect(faultOf(changes, answer('{"n":3}'), traceOf('{"n":3}'))).toBe('"/n" is still 3');
    expect(faultOf(changes, answer('{"n":"3"}'), traceOf('{"n":3}'))).toBeUndefined();
  });

  test('is told apart when it is long, by a short text', () => {
    const long = (end: string) => JSON.stringify({ n: 'x'.repeat(5000) + end });
    const text = traceText(changes, answer(long('a')));
    expect(text.length).toBeLessThan(200);
    expect(faultOf(changes, answer(long('a')), parseTrace(text))).toMatch(/^"\/n" is still "x{199}…$/);
    expect(faultOf(changes, answer(long('b')), parseTrace(text))).toBeUndefined();
  });

  test.each([
    ['there was none', traceOf('{}')],
    ['it answered badly', traceOf('{"n":3}', 500)],
    ['nothing answered', parseTrace(traceText(changes, undefined))],
    ['nobody looked', undefined],
    ['nobody can read what was noted', parseTrace('junk')],
    ['something else was noted', parseTrace('{"up":1}')],
  ])('is any when %s before', (_name, trace) => {
    expect(faultOf(changes, answer('{"n":3}'), trace)).toBeUndefined();
  });

  test('must be there', () => {
    expect(faultOf(changes, answer('{}'), traceOf('{"n":3}'))).toBe('it holds nothing at "/n"');
  });
});

test('what was there is one short text', () => {
  expect(traceText(expected('2xx'), undefined)).toBe('{"up":false}');
  expect(traceText(expected('2xx'), { status: 500, body: 'x' })).toBe('{"up":true}');
  expect(traceText(expected('json:/n changes'), { status: 200, body: '{"n":3}' })).toBe(
    '{"up":true,"value":"3"}',
  );
});

test.each(['2xx', 'json:/a~1b=c d', 'json:/a changes'])('%s is said as it was written', (text) => {
  expect(expectationText(expected(text))).toBe(text);
});
