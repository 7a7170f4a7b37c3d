import { createHash } from 'node:crypto';
import { type StatusDocument, statusRows } from './status.ts';

const style = `
:root { color-scheme: light dark; --good: #1a7f37; --bad: #b3261e; --dim: #667; }
@media (prefers-color-scheme: dark) { :root { --good: #4cc66a; --bad: #ff8a80; --dim: #99a; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } .good { color: var(--good); } .bad { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.2rem; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .9rem; }
footer { color: var(--dim); margin-top: 2rem; font-size: .9rem; }
`;

/** Nothing but this page's own style is loaded or run. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The status as one self-contained page; it reloads itself every ten seconds. */
export function renderPage(status: StatusDocument, now: Date): string {
  const { word, good } = summary(status);
  const rows = statusRows(status, now).map(
    ([name, lines]) => `<dt>${escapeHtml(name)}</dt><dd>${lines.map(escapeHtml).join('<br>')}</dd>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="10">
<title>Wherry: ${escapeHtml(word)}</title>
<style>${style}</style>
</head>
<body>
<h1>Wherry: <span class="${good ? 'good' : 'bad'}">${escapeHtml(word)}</span></h1>
<dl>
${rows.join('\n')}
</dl>
<footer>${escapeHtml(now.toISOString())} · <a href="status">status</a> · <a href="metrics">metrics</a></footer>
</body>
</html>
`;
}

function summary({ published, rejected, quarantine, pending, verification, ...rest }: StatusDocument) {
  const { lastFailure, layers, hold, pin } = rest;
  if (published === undefined) return { word: 'nothing is published yet', good: false };
  if (rejected !== undefined) return { word: 'the set was rejected', good: false };
  if (quarantine !== undefined) return { word: 'a revision is quarantined', good: false };
  if (pending) return { word: 'a reload is pending', good: false };
  if (verification?.state === 'unverified') return { word: 'the set does not verify', good: false };
  if (lastFailure !== undefined) return { word: 'the last sync failed', good: false };
  const failing = layers?.find((layer) => layer.lastFailure !== undefined);
  if (failing !== undefined) return { word: `the layer ${failing.name} fails`, good: false };
  if (hold !== undefined) return { word: 'held by hand', good: true };
  if (pin !== undefined) return { word: 'pinned by hand', good: true };
  return { word: 'in step', good: true };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
