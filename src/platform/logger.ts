import { type LoggerOptions as PinoOptions, pino } from 'pino';
import type { Log } from './log.ts';

export interface LoggerOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
}

/** So much is kept while it cannot be written, as on a full disk; what comes after that is lost. Characters. */
const mostUnwritten = 256 * 1024;

/** Logs go to standard error: standard output is for what a command was asked. */
export async function createLogger({ level, format }: LoggerOptions): Promise<Log> {
  const withStack = level === 'debug' || level === 'trace';
  const options: PinoOptions = {
    level,
    base: null,
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (error: unknown) => describeError(error, withStack) },
  };
  if (format === 'json') {
    const destination = pino.destination({ fd: 2, sync: true, maxLength: mostUnwritten });
    // Unheard, it would end the process, whose work does not depend on its log.
    destination.on('error', () => undefined);
    return pino(options, destination);
  }
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    destination: 2,
    sync: true,
    messageKey: 'message',
    colorize: process.stderr.isTTY,
    ignore: 'pid,hostname',
  });
  return pino(options, stream);
}

/** The chain of causes in one object; stacks are for those who asked for them. */
function describeError(error: unknown, withStack: boolean): unknown {
  if (!(error instanceof Error)) return String(error);
  return {
    type: error.name,
    message: error.message,
    ...(withStack ? { stack: error.stack } : {}),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause, withStack) }),
  };
}
