/** One thing that was found out about a bucket. */
export interface Observation {
  readonly level: 'ok' | 'warning';
  readonly message: string;
}

export function fine(message: string): Observation {
  return { level: 'ok', message };
}

export function warning(message: string): Observation {
  return { level: 'warning', message };
}
