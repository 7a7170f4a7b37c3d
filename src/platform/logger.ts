import { type LoggerOptions as PinoOptions, pino } from 'pino';
import type { Log } from './log.ts';

export interface LoggerOptions {
  readonly level: string;
  readonly format: 'json' | 'pretty';
}

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
  if (format === 'json') return pino(options, pino.destination({ fd: 2, sync: true }));
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
