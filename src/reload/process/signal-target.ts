import { processConfirmation } from '../../presets/confirmation.ts';
import { presets } from '../../presets/presets.ts';
import type { Settings } from '../../settings/schema.ts';
import type { Target } from '../target.ts';

export type SignalSettings = Pick<Settings, 'reloadPreset' | 'reloadTimeout'>;

/**
 * A process in the shared PID namespace that gets a signal after a publish. With a preset that knows what the process
 * then shows, that is waited for.
 */
export function signalTarget(signalName: NodeJS.Signals, process: string, settings: SignalSettings): Target {
  return {
    name: 'signal',
    identity: `${signalName} ${process}`,
    reload: async (_context, signal, overtaken = new AbortController().signal) => {
      const { sendSignal } = await import('./process-signal.ts');
      signal.throwIfAborted();
      const sent = sendSignal(process, signalName);
      if ('class' in sent) return sent;
      const { reloadPreset, reloadTimeout: timeout } = settings;
      const confirmation = processConfirmation(reloadPreset, signalName);
      if (reloadPreset === undefined || confirmation === undefined) return { class: 'accepted' };
      const { confirmByProcess } = await import('./process-confirm.ts');
      const { application, validator } = presets[reloadPreset];
      const options = { confirmation, application, validator, timeout };
      return confirmByProcess(sent, options, signal, overtaken);
    },
  };
}
