import { stdin } from 'node:process';

export interface Keys extends Disposable {
  /** False when the input is not a keyboard. */
  readonly there: boolean;
}

/** Reports single key presses; Ctrl-C is one of them, `\u0003`. The terminal is put back at the end. */
export function watchKeys(onKey: (key: string) => void): Keys {
  if (!stdin.isTTY) return { there: false, [Symbol.dispose]: () => undefined };
  const onData = (text: string) => {
    for (const key of text) onKey(key);
  };
  stdin.setRawMode(true).setEncoding('utf8').on('data', onData).resume();
  return {
    there: true,
    [Symbol.dispose]() {
      stdin.off('data', onData).pause();
      stdin.setRawMode(false);
    },
  };
}
