import type { Answer, ReloadContext, Target } from '../../src/reload/target.ts';
import type { Settings } from '../../src/settings/schema.ts';
import { loadSettings } from '../../src/settings/settings.ts';
import type { Revision } from '../../src/snapshot/entry.ts';

export const context: ReloadContext = {
  revision: 'b0a1c2' as Revision,
  sequence: 7,
  publishedAt: '2026-11-22T23:59:59.000Z',
  previous: 'a0a0a0' as Revision,
};

/** The settings of an environment as the program would read it, and whatever else it needs. */
export function settingsOf(env: Readonly<Record<string, string>>): Settings {
  return loadSettings({ env: { ...env }, flags: new Map(), complete: false }).settings;
}

/** A target that gives these answers one after another, the last one for ever. */
export function scriptedTarget(name: string, ...answers: readonly (Answer | Error)[]) {
  const calls: number[] = [];
  const target: Target = {
    name,
    identity: name,
    reload: async () => {
      calls.push(performance.now());
      const answer = answers[Math.min(calls.length, answers.length) - 1];
      if (answer === undefined || answer instanceof Error) throw answer;
      return answer;
    },
  };
  return { target, calls };
}
