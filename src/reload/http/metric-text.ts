/** The values of all series of a metric in Prometheus text, whatever their labels. */
export function metricValues(text: string, metric: string): readonly number[] {
  const labels = String.raw`\{(?:[^"}]|"(?:\\.|[^"\\])*")*\}`;
  const sample = new RegExp(`^${metric}(?:${labels})?[ \\t]+(\\S+)(?:[ \\t].*)?$`, 'gm');
  return [...text.matchAll(sample)].map(([, value = '']) => numberOf(value));
}

function numberOf(value: string): number {
  const infinity = /^([+-]?)Inf$/.exec(value);
  if (infinity === null) return Number(value);
  return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** The numbers of an Envoy statistics text (`name: 3`, one a line) whose names fit. */
export function statistics(text: string, name: RegExp): readonly number[] {
  return [...text.matchAll(/^(\S+): (\d+)\r?$/gm)]
    .filter(([, found = '']) => name.test(found))
    .map(([, , value]) => Number(value));
}
