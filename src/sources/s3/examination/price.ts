/** List prices of S3 Standard in us-east-1, in US dollars a thousand requests: aws.amazon.com/s3/pricing. */
const pricePerThousand = { get: 0.0004, head: 0.0004, list: 0.005 } as const;
const names = { get: 'conditional GETs', head: 'HEADs', list: 'LISTs' } as const;
const secondsOfMonth = 30 * 24 * 3600;

export interface Polling {
  /** Milliseconds; 0 = only when triggered. */
  readonly pollInterval: number;
  readonly kind: keyof typeof pricePerThousand;
  /** Of one poll. */
  readonly requests: number;
}

/** What the polling of an unchanged set costs in a month of 30 days, in words. */
export function priceOf({ pollInterval, kind, requests }: Polling, isAws: boolean): string {
  if (pollInterval === 0) return 'nothing is polled (WHERRY_POLL_INTERVAL=0)';
  if (requests === 0) return 'nothing is polled: what is followed cannot change';
  const monthly = (secondsOfMonth / (pollInterval / 1000)) * requests;
  const count = `polling makes ${amount(monthly)} ${names[kind]} a pod and month`;
  if (!isAws) return `${count}, ${amount(monthly * 1000)} for a thousand pods`;
  const dollars = (monthly / 1000) * pricePerThousand[kind];
  return `${count}: $${money(dollars)} for one pod, $${money(dollars * 1000)} for a thousand (list price of S3 Standard in us-east-1)`;
}

function amount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

function money(dollars: number): string {
  return dollars.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
