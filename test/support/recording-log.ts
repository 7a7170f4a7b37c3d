import type { Log } from '../../src/platform/log.ts';

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A log that a test can read. */
export class RecordingLog implements Log {
  readonly lines: LogLine[] = [];
  readonly trace = this.#taking('trace');
  readonly debug = this.#taking('debug');
  readonly info = this.#taking('info');
  readonly warn = this.#taking('warn');
  readonly error = this.#taking('error');

  of(level: string): readonly LogLine[] {
    return this.lines.filter((line) => line.level === level);
  }

  #taking(level: string) {
    return (fields: object, message: string) => {
      this.lines.push({ level, fields, message });
    };
  }
}
