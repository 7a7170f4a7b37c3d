import type { Metrics } from '../admin/metrics.ts';
import type { StatusDocument } from '../admin/status.ts';
import type { AdminView, Health } from '../admin/view.ts';
import type { Engine } from '../engine/engine.ts';
import type { Loop, Refusal } from '../engine/loop.ts';
import { currentAnswer, pendingTargets } from '../engine/machine/state.ts';
import { statusDocument } from './status-document.ts';

/** Fills what the administration shows from the engine and the loop. */
export function adminView(engine: Engine, loop: Loop, metrics: Metrics): AdminView {
  return {
    startup: () => startup(engine, loop),
    ready: () => ready(engine, loop),
    live: () =>
      well(loop.isTurning(), 'the loop turns', 'the loop has been busy for longer than its time-outs allow'),
    status: () => liveStatus(engine, loop),
    metrics: (openMetrics) => metrics.render(openMetrics),
  };
}

/** The status of the running sidecar. */
export function liveStatus(engine: Engine, loop: Loop): StatusDocument {
  const { description, targets, verification } = engine.parts;
  const until = loop.untilNextPoll();
  const nextPoll = until === undefined ? undefined : new Date(Date.now() + until);
  const document = statusDocument(description, engine.state, {
    verifies: verification !== undefined,
    layers: engine.source?.layers?.status(),
    live: { targets, shown: engine.shown, lastContact: engine.lastContact, nextPoll, drift: engine.drift },
  });
  return loop.refusal === undefined ? document : { ...document, lastFailure: failureOf(loop.refusal) };
}

function failureOf({ kind, message, since }: Refusal): StatusDocument['lastFailure'] {
  return { kind, message, at: since.toISOString() };
}

function startup(engine: Engine, loop: Loop): Health {
  const failure = engine.state?.lastFailure;
  const why =
    failure === undefined ? 'no set is published yet' : `no set is published yet: ${failure.message}`;
  if (loop.refusal !== undefined) return well(false, '', loop.refusal.message);
  return well(engine.state?.published !== undefined, 'a set is published', why);
}

function ready(engine: Engine, loop: Loop): Health {
  const started = startup(engine, loop);
  const { state } = engine;
  if (!started.ok || state === undefined) return started;
  const pending = pendingTargets(state, engine.parts.targets).map(({ name }) => {
    const answer = currentAnswer(state, name);
    const isNews = answer !== undefined && answer.class !== 'accepted';
    return `${name} (${isNews ? (answer.detail ?? answer.class) : 'no answer yet'})`;
  });
  const why = `sequence ${state.published?.sequence} is not acknowledged by ${pending.join(', ')}`;
  return well(pending.length === 0, 'the published set is acknowledged', why);
}

function well(ok: boolean, good: string, bad: string): Health {
  return { ok, reason: ok ? good : bad };
}
