import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { pagePolicy, renderPage } from '../../src/admin/page.ts';
import { empty, full, now } from './documents.ts';

/** Nothing is wrong, and nothing was asked for by hand. */
const inStep = {
  ...empty,
  published: full.published,
};

describe('the page', () => {
  test('shows the status', () => {
    const page = renderPage(full, now);
    expect(page).toContain(
      '<dt>published</dt><dd>b0a1c2<br>content sha256:00<br>sequence 7, 12 files, 3.4 KiB<br>',
    );
    expect(page).toContain('no process &#34;nginx&#34; is running');
  });

  test.each([
    ['nothing is published yet', empty],
    ['the set was rejected', full],
    ['a revision is quarantined', { ...full, rejected: undefined }],
    ['a reload is pending', { ...inStep, pending: true }],
    ['the set does not verify', { ...inStep, verification: { state: 'unverified' as const } }],
    ['the last sync failed', { ...inStep, lastFailure: full.lastFailure }],
    [
      'the layer tls fails',
      { ...inStep, layers: [{ name: 'tls', source: '/c', lastFailure: full.lastFailure }] },
    ],
    ['held by hand', { ...inStep, hold: full.hold, pin: full.pin }],
    ['pinned by hand', { ...inStep, pin: full.pin }],
    ['in step', inStep],
  ])('says in its title: %s', (word, status) => {
    expect(renderPage(status, now)).toContain(`<title>Wherry: ${word}</title>`);
  });

  test('takes what others wrote as text', () => {
    const page = renderPage({ ...full, source: `<script>alert('x')</script>&"` }, now);
    expect(page).not.toContain('<script');
    expect(page).toContain('&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;&#38;&#34;');
  });

  test('allows nothing but its own style', () => {
    const style = /<style>([\s\S]*)<\/style>/.exec(renderPage(full, now))?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(pagePolicy).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(renderPage(full, now)).not.toMatch(/(src|style)=|https?:\/\/(?!git\.example)/);
  });
});
