import type { Log } from '../platform/log.ts';

type Level = keyof Log;

/** Keeps what is said until there is a log. */
export class LateLog implements Log {
  #log: Log | undefined;
  readonly #kept: (readonly [Level, object, string])[] = [];

  /** Says it, and from now on at once. */
  passTo(log: Log): void {
    this.#log = log;
    for (const [level, fields, message] of this.#kept.splice(0)) log[level](fields, message);
  }

  trace(fields: object, message: string): void {
    this.#say('trace', fields, message);
  }

  debug(fields: object, message: string): void {
    this.#say('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.#say('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#say('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#say('error', fields, message);
  }

  #say(level: Level, fields: object, message: string): void {
    if (this.#log === undefined) this.#kept.push([level, fields, message]);
    else this.#log[level](fields, message);
  }
}
